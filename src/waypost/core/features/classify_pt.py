"""Portuguese phrases by signal, written without accents, and stop words with them. See `classify` for the notation."""

PHRASES = {
    "debug": (
        "depur* | debug* | bug | bugs | erro | erros | excecao | excecoes | conserte* | consertar | corrija | "
        "corrigir | corrijo | como corrijo | nao funciona | parou de funcionar | o que esta errado | quebr* | trava "
        "| travando | traceback | stack trace | vazamento de memoria | falha ao | falhando | resultado errado | sai "
        "errado | diagnostique | para sempre | entra em deadlock"
    ),
    "trace": "rastreie | rastrear | rastreamento | siga a execucao | intercalacao",
    "root_cause": "causa raiz | causa-raiz | hipotese* | origem do problema | post-mortem",
    "syntax_slip": "erro de sintaxe | syntaxerror | erro de digitacao | falta um parentese | ponto e virgula faltando",
    "concurrency": (
        "condicao de corrida | condicoes de corrida | race condition* | deadlock* | impasse | concorren* | sem "
        "bloqueios | thread-safe | linearizav* | lineariza* | exclusao mutua"
    ),
    "refactor": (
        "refator* | refactor* | reestruture | reescreva este codigo | injecao de dependencia* | limpe este codigo"
    ),
    "review": (
        "revise | revisar | revisao de codigo | revisao rapida | revisao deste | code review | pull request | audite "
        "| auditoria | o que voce mudaria | avalie este codigo | critique este codigo"
    ),
    "audit": "auditoria de seguranca | vulnerabilidade* | ataque* | modelagem de ameacas | teste de invasao",
    "architecture": (
        "arquitet* | desenho de um sistema | desenho do sistema | projete um sistema | microsservico* | "
        "microservico* | monolito | esquema de banco de dados | modelo de dados | baseada em eventos | orientada a "
        "eventos | modelagem de dados | padrao de projeto | padroes de projeto | plataforma de dados"
    ),
    "scale": (
        "distribuid* | multirregiao | multi-regiao | entre regioes | particionamento | replicacao | tolerante a "
        "falhas | tolerancia a falhas | isolamento de falhas | modos de falha | escalavel | escalabilidade | milhoes "
        "de usuarios | milhao de requisicoes | milhoes de requisicoes | alta disponibilidade | tempo real | vazao | "
        "sob carga"
    ),
    "tradeoff": "trade-off* | tradeoff* | pros e contras | vantagens e desvantagens | custo-beneficio",
    "compare": "compare | comparar | comparacao | diferenca entre | diferencas entre | versus | qual e melhor",
    "justify": "justifique | justificar | justificativa | descartadas | argumente | fundamente",
    "test": (
        "teste unitario | testes unitarios | escreva testes | casos de teste | testes para | testes de integracao | "
        "casos extremos | cobertura de testes"
    ),
    "write_code": (
        "implement* | escreva uma funcao | escreva um script | escreva um programa | escreva um codigo | crie um "
        "script | crie uma funcao | crie um programa | crie uma classe | funcao que | script que | programa que | "
        "codigo que | regex | expressao regular | consulta sql | endpoint | trecho de codigo | funcao em python | "
        "script bash | mapa hash | dockerfile | limitador de taxa | faca uma funcao | faca um script | escreva uma "
        "classe | escreva uma consulta"
    ),
    "document": (
        "documentacao | readme | documente | documentar | guia do usuario | changelog | notas de versao | manual de "
        "referencia | tutorial para"
    ),
    "docstring": "docstring* | adicione comentarios | comente este codigo | comente o codigo | javadoc | jsdoc",
    "analyze": (
        "conjunto de dados | dados de vendas | analise os dados | analise estes dados | analise esses dados | "
        "analise de dados | grafico | histograma | outlier* | correlacao | serie temporal | series temporais | "
        "planilha | tendencias | tabela dinamica | distribuicao d* | coorte | previsao de | churn | este csv | "
        "transacoes | indicadores"
    ),
    "statistics": (
        "significancia estatistica | estatisticamente significativ* | analise de regressao | sazonalidade | "
        "intervalo de confianca | teste de hipotese | bayesian* | causal | analise de coorte | teste a/b | monte "
        "carlo"
    ),
    "math": (
        "calcule | calcular | resolva | resolver | equacao | equacoes | integral | derivada* | raiz quadrada | "
        "probabilidade de | por cento de | matriz | autovalor* | polinomio* | fatorial | numero primo | numeros "
        "primos | soma de | quanto e | quanto da | teorema* | irracional | geometria | algebra"
    ),
    "calculus": (
        "integral | derivada* | mostre o raciocinio | mostre os calculos | autovalor* | equacao diferencial | limite "
        "de | sistema de equacoes"
    ),
    "prove": (
        "prove | provar | prova de que | demonstre | demonstrar | demonstracao | por inducao | por absurdo | deduza"
    ),
    "generalize": "generaliz*",
    "question": (
        "qual | quais | quem | quando | onde | quanto* | quanta* | o que e | o que sao | o que significa | por que | "
        "porque | como funciona* | como se | defina | existe* | em que ano | e verdade que | que horas | me diga"
    ),
    "explain": "explique | explicar | explica | explicacao | descreva | como funciona* | me ensine | detalhe como",
    "detail": "em detalhe* | detalhadamente | a fundo | aprofundad* | minucios* | complet* | abrangente | rigoros*",
    "summarize": (
        "resuma | resumir | resumo | sintetize | pontos principais | em poucas palavras | tl;dr | ideias principais"
    ),
    "translate": (
        "traduz* | traducao | como se diz | para o ingles | para o portugues | para o alemao | para o espanhol | "
        "para o frances"
    ),
    "extract": (
        "extrai* | extrair | em json | como json | classifique | categorize | sentimento | entidades nomeadas | "
        "liste todos os nomes | rotule"
    ),
    "creative": "haicai | poema | piada | slogan | musica | letra de | rima | tweet | legenda para | trava-lingua",
    "compose": (
        "conto | historia sobre | uma historia | redacao | artigo | post de blog | email frio | rascunhe | escreva "
        "uma carta | escreva um e-mail | escreva um email | carta de apresentacao | roteiro | discurso | romance | "
        "comunicado de imprensa"
    ),
    "steps": "passo a passo | passo-a-passo | etapa por etapa | pense com cuidado | mostre seu raciocinio",
    "brief": (
        "rapid* | de uma linha | uma linha | em uma frase | brevemente | resposta curta | simples | so estilo | sim "
        "ou nao | em poucas palavras"
    ),
    "demanding": (
        "do zero | algoritmo | otimiz* | pronto para producao | estado da arte | conformidade | formalmente | "
        "consistente entre | sem perder"
    ),
    "greeting": (
        "oi | ola | obrigad* | bom dia | boa tarde | boa noite | tudo bem | tchau | valeu | parabens | otimo trabalho"
    ),
}

STOP_WORDS = (
    "o os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem sob sobre é são foi eram "
    "está estão este esta estes estas esse essa isso isto ele ela eles elas eu você vocês nós meu minha seu sua "
    "nosso nossa que qual quais quem quando onde como quanto quantos quantas porque não mas ou se ao aos à às há "
    "faça escreva crie diga explique me dê tudo muito desta deste dele dela num numa também já foram ser ter tem"
)

MARKS = "ãõ"
"""Characters that hardly any other of our languages uses."""
