"""English phrases by signal, and English stop words. See `classify` for the notation."""

PHRASES = {
    "debug": (
        "debug* | bug | bugs | buggy | fix this | fix it | fix the | how do i fix | error | errors | exception | "
        "stack trace | traceback | crash* | fails | failing | not working | doesn't work | does not work | what is "
        "wrong | what's wrong | why do i get | broken | memory leak | leaks memory | segfault* | hangs | wrong "
        "result | wrong output | troubleshoot* | diagnose | re-renders | deadlocks | stopped working"
    ),
    "trace": "trace the | trace through | walk through the execution | interleaving* | step through",
    "root_cause": "root cause* | postmortem | post-mortem | hypothes* | bisect",
    "syntax_slip": "syntaxerror | syntax error | typo | indentationerror | missing semicolon | missing parenthesis",
    "concurrency": (
        "race condition* | data race* | deadlock* | thread-safe | thread safety | lock-free | wait-free | concurren* "
        "| linearizab* | memory reclamation | atomicity | starvation"
    ),
    "refactor": "refactor* | clean up this code | restructure this | rewrite this code | dependency injection",
    "review": (
        "code review | review this | review the | review my | reviewing | pull request | quick review | critique "
        "this code | what would you change | feedback on this code | audit of | audit this | audit my"
    ),
    "audit": "security audit | vulnerabilit* | timing attack* | threat model* | injection attack* | penetration test*",
    "architecture": (
        "architect* | system design | design a system | design the system | microservice* | monolith | database "
        "schema | data model | event-sourced | event sourcing | event-driven | tech stack | data platform | design "
        "pattern* | high-level design"
    ),
    "scale": (
        "distributed | multi-region | across regions | shard* | replicat* | fault tolerant | fault-tolerant | fault "
        "tolerance | failure isolation | failure mode* | scalab* | million users | million requests | high "
        "availability | real-time | eventual consistency | disaster recovery | throughput"
    ),
    "tradeoff": "trade-off* | tradeoff* | pros and cons | advantages and disadvantages | weigh the",
    "compare": "compare* | comparison | difference between | differences between | versus | which is better",
    "justify": "justify* | justification | defend your | ruled out | argue for | critically",
    "test": (
        "unit test* | write tests | write a test | test cases | test suite | tests for | integration test* | edge "
        "cases | test coverage | end-to-end test*"
    ),
    "write_code": (
        "implement* | write a function | write code | write a script | write a program | write a class | write a "
        "query | code that | function that | function to | script that | script to | program that | program to | "
        "regex | one-liner | regular expression | sql query | endpoint | snippet | build an app | build a website | "
        "cli tool | boilerplate | python function | python script | bash script | react component that | dockerfile "
        "| hash map | rate limiter"
    ),
    "document": (
        "documentation | readme | document this | document the | api docs | user guide | changelog | release notes | "
        "reference manual | tutorial for | write docs"
    ),
    "docstring": "docstring* | add comments | comment this code | javadoc | jsdoc",
    "analyze": (
        "dataset | data set | sales data | analyze the data | analyse the data | analyze this data | analyse this "
        "data | data analysis | plot | histogram | outlier* | correlation | time series | spreadsheet | trends in | "
        "pivot table | distribution of | kpi | cohort* | forecast* | churn | this csv | transactions"
    ),
    "statistics": (
        "statistical significance | statistically significant | regression analysis | seasonality | confidence "
        "interval* | hypothesis test* | bayesian | causal | cohort analysis | a/b test* | monte carlo"
    ),
    "math": (
        "calculate | compute | solve | equation* | integral* | derivative* | differentiate | square root | "
        "probability that | percent of | matrix | eigenvalue* | polynomial* | factorial | prime number* | sum of | "
        "theorem* | irrational | geometry | algebra | modulo"
    ),
    "calculus": (
        "integral* | derivative* | show your work | eigenvalue* | differential equation* | system of equations | "
        "limit of"
    ),
    "prove": "prove | proof | proofs | by induction | by contradiction | derive a | derive the | lemma",
    "generalize": "generali* | in full generality",
    "question": (
        "what is | what's | what are | who | whose | when did | when was | when is | where is | where are | where do "
        "| how many | how much | how old | how long | how far | which | define | what does | is it | is a | are "
        "there | what time | what year | what color | name the | why is | why are | why do | how does | how do | can "
        "you tell me"
    ),
    "explain": "explain* | describe* | how does | how do | elaborate | help me understand | teach me | walk me through",
    "detail": "in detail | in depth | in-depth | detailed | thorough* | comprehensive* | exhaustive* | rigorous*",
    "summarize": (
        "summari* | tl;dr | tldr | in a nutshell | key points | main points | key takeaways | condense | give me the "
        "gist"
    ),
    "translate": (
        "translate* | translation | in japanese | in german | in french | in spanish | in portuguese | how do you say"
    ),
    "extract": (
        "extract* | as json | classify | categorize | categorise | sentiment | named entities | parse this | pull "
        "out | label each | tag each | into a table | list all the names"
    ),
    "creative": (
        "haiku | poem | limerick | joke | slogan | tagline | song | rhyme | tweet | caption | brainstorm names | "
        "toast for"
    ),
    "compose": (
        "story | essay | blog post | cold email | draft a | draft an | write a letter | write an email | cover "
        "letter | screenplay | speech | novel | press release | marketing copy | write an article | script for a "
        "video"
    ),
    "steps": "step by step | step-by-step | one step at a time | show your reasoning | think carefully",
    "brief": (
        "quick* | one-line | one line | in one sentence | briefly | in short | one-liner | short answer | simple | "
        "style only | in a few words | yes or no | tiny"
    ),
    "demanding": (
        "from scratch | algorithm | optimi* | production-ready | production-grade | state of the art | novel | "
        "compliance | formally | consistent across | without losing | under load | several nodes"
    ),
    "greeting": "hi | hello | hey | thanks | thank you | good morning | good evening | how are you | bye | great job",
}

STOP_WORDS = (
    "the of and to is are was were be been in on at for with from by this that these those it its i you he she we "
    "they my your our their what which who whom when where why how do does did not have has had can could should "
    "would will a an as or if about into than then there please me us him them write give tell explain"
)

MARKS = ""
"""Characters that hardly any other of our languages uses."""
