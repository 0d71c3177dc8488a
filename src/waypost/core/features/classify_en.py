"""English phrases by signal, and English stop words. See `phrases` for the notation."""

PHRASES = {
    "debug": (
        "debug* | bug | bugs | buggy | fix this | fix it | fix the | how do i fix | stack trace | traceback | crash* "
        "| not working | doesn't work | does not work | what is wrong | what's wrong | why do i get | broken | "
        "memory leak | leaks memory | segfault* | hangs | wrong result | wrong output | troubleshoot* | diagnose | "
        "re-renders | deadlocks | stopped working | i get an error | getting an error | error message says | "
        "nullpointerexception | undefined is not | unable to resolve | stack overflow error | error | errors | "
        "exception | this error"
    ),
    "trace": "trace the | trace through | walk through the execution | interleaving* | step through",
    "root_cause": "root cause* | postmortem | post-mortem | hypothes* | bisect",
    "syntax_slip": "syntaxerror | syntax error | typo | indentationerror | missing semicolon | missing parenthesis",
    "concurrency": (
        "race condition* | data race* | deadlock* | thread-safe | thread safety | lock-free | wait-free | concurren* "
        "| linearizab* | memory reclamation | atomicity | starvation"
    ),
    "refactor": (
        "refactor* | clean up this code | restructure this | rewrite this code | dependency injection | port this | "
        "convert this code | modernize this"
    ),
    "review": (
        "code review | review this | review the | review my | reviewing | pull request | quick review | critique "
        "this code | what would you change | feedback on this code | audit this | audit my | look over | before i "
        "merge | point out problems | anything wrong with this code | my diff | this diff | security audit"
    ),
    "audit": (
        "security audit | vulnerabilit* | timing attack* | threat model* | injection attack* | penetration test* | "
        "security review | owasp"
    ),
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
    "justify": (
        "justify* | justification | defend your | ruled out | argue for | critically | argument* | assess | evaluate "
        "| critique | risks"
    ),
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
        "reference manual | tutorial for | write docs | contributors | how-to guide | onboarding guide"
    ),
    "docstring": "docstring* | add comments | comment this code | javadoc | jsdoc",
    "analyze": (
        "dataset | data set | sales data | analyze the data | analyse the data | analyze this data | analyse this "
        "data | data analysis | plot | histogram | outlier* | correlation | time series | spreadsheet | pivot table "
        "| distribution of | kpi | cohort* | forecast* | churn | this csv | csv of | trend* | visits by | per month "
        "| missing data | mixed-effects | fit a | this table of | survey results | revenue by | year over year"
    ),
    "statistics": (
        "statistical significance | statistically significant | regression analysis | seasonality | confidence "
        "interval* | hypothesis test* | bayesian | causal | cohort analysis | a/b test* | monte carlo | interaction "
        "terms | mixed-effects | longitudinal | check the assumptions | anova"
    ),
    "math": (
        "calculate | compute | solve | equation* | integral* | derivative* | differentiate | square root | "
        "probability that | percent of | matrix | eigenvalue* | polynomial* | factorial | prime number* | sum of | "
        "theorem* | irrational | geometry | algebra | modulo | average speed | probability of | percentage | as a "
        "percentage | without replacement | primes | divisible | infinitely many | how many ways | area of | volume "
        "of | per hour | mph | km/h | interest rate | compound interest | median of | standard deviation | x ="
    ),
    "calculus": (
        "integral* | derivative* | show your work | eigenvalue* | differential equation* | system of equations | "
        "limit of | probability of | probability that | show the steps | show your steps | without replacement | "
        "system of"
    ),
    "prove": (
        "prove | proof | proofs | by induction | by contradiction | derive a | derive the | lemma | show that | "
        "infinitely many primes"
    ),
    "generalize": "generali* | in full generality",
    "question": (
        "what is | what's | what are | who | whose | when did | when was | when is | where is | where are | where do "
        "| how many | how much | how old | how long | how far | which | define | what does | is it | is a | are "
        "there | what time | what year | what color | name the | why is | why are | why do | how does | how do | can "
        "you tell me | give me the | tell me | name a | what do | what was | what were | what will | list the"
    ),
    "explain": (
        "explain* | describe* | how does | how do | elaborate | help me understand | teach me | walk me through | "
        "why did | why does | why do | why is | why are | how can"
    ),
    "detail": "in detail | in depth | in-depth | detailed | thorough* | comprehensive* | exhaustive* | rigorous*",
    "summarize": (
        "summari* | tl;dr | tldr | in a nutshell | key points | main points | key takeaways | condense | give me the "
        "gist | the gist | shorten this | boil down | recap"
    ),
    "translate": (
        "translate* | translation | how do you say | into french | into formal french | french word for | french for "
        "| say it in french | to french | into spanish | into formal spanish | spanish word for | spanish for | say "
        "it in spanish | to spanish | into german | into formal german | german word for | german for | say it in "
        "german | to german | into italian | into formal italian | italian word for | italian for | say it in "
        "italian | to italian | into portuguese | into formal portuguese | portuguese word for | portuguese for | "
        "say it in portuguese | to portuguese | into english | into formal english | english word for | english for "
        "| say it in english | to english | into japanese | into formal japanese | japanese word for | japanese for "
        "| say it in japanese | to japanese | into chinese | into formal chinese | chinese word for | chinese for | "
        "say it in chinese | to chinese | into korean | into formal korean | korean word for | korean for | say it "
        "in korean | to korean | into russian | into formal russian | russian word for | russian for | say it in "
        "russian | to russian | into arabic | into formal arabic | arabic word for | arabic for | say it in arabic | "
        "to arabic | into dutch | into formal dutch | dutch word for | dutch for | say it in dutch | to dutch"
    ),
    "extract": (
        "extract* | as json | classify | categorize | categorise | sentiment | named entities | parse this | pull "
        "out | label each | tag each | into a table | list all the names | pull the | pull all | tag this | label "
        "this | label these | from the text | text below | as a json | find all the | identify all | list every"
    ),
    "creative": (
        "haiku | poem | limerick | joke | slogan | tagline | song | rhyme | tweet | caption | brainstorm names | "
        "toast for | names for | catchy | ideas for a name | pun | riddle | lyrics"
    ),
    "compose": (
        "story | essay | blog post | cold email | draft a | draft an | write a letter | write an email | cover "
        "letter | screenplay | speech | press release | marketing copy | write an article | script for a video | "
        "introducing our | newsletter | product description | short script | eulogy | fairy tale"
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
    "trouble": (
        "fail* | can't | cannot | unable to | won't | doesn't | does not | stuck | slow | timeout* | times out | "
        "unexpected* | duplicate* | keeps | freez* | lag | wrong | incorrect* | sometimes | stopped | rejected | "
        "blank page | anything wrong | what should i check | get past"
    ),
    "software": (
        "code | function* | method | class | script | program | sql | query | api | rest api | endpoint | module | "
        "component | form | parser | compiler | lexer | app | website | python | javascript | typescript | java | "
        "golang | rust | c++ | react | vue | angular | node | flask | django | fastapi | spring | kotlin | swift | "
        "bash | docker | kubernetes | kafka | postgres | mysql | redis | mongodb | oracle | git | ci | npm | pip | "
        "database | server | backend | front end | front-end | frontend | unit test | library | framework | dict* | "
        "array | json | yaml | html | css | curl | regex | thread* | validation | login | error messages | error "
        "handling | background jobs | microservice* | test passes | command line | cli | sql to | sql for | query to "
        "| query for | code to | code for | code that"
    ),
    "make": (
        "write | create | build | make | generate | implement | develop | code to | code for | code that | port | "
        "convert | add | extend | rewrite | translate this code | sql to | sql for | query to | query for | how to "
        "write"
    ),
    "plan": (
        "structure | organi* | design | migrat* | lay out | choose between | which database | should i use | "
        "approach for | how should i | best way to model | scale"
    ),
    "advanced": (
        "compiler | type inference | interpreter | kernel | operating system | consensus | raft | paxos | "
        "cryptograph* | garbage collect* | query optimi* | neural network | zero downtime | mixed-effects | "
        "longitudinal | np-hard | differential equation* | formal verification | non-trivial"
    ),
    "compound": (
        "and why | and how | and when | including | main schools | their arguments | one by one | for each | "
        "options, risks"
    ),
}

STOP_WORDS = (
    "the of and to is are was were be been in on at for with from by this that these those it its i you he she we "
    "they my your our their what which who whom when where why how do does did not have has had can could should "
    "would will a an as or if about into than then there please me us him them write give tell explain"
)

MARKS = ""
"""Characters that hardly any other of our languages uses."""
