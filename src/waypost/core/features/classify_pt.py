"""Portuguese phrases by signal, written without accents, and stop words with them. See `phrases` for the notation."""

PHRASES = {
    "debug": (
        "depur* | debug* | bug | bugs | excecao | excecoes | conserte* | consertar | corrija | corrigir | corrijo | "
        "como corrijo | nao funciona | parou de funcionar | o que esta errado | quebr* | trava | travando | "
        "traceback | stack trace | vazamento de memoria | resultado errado | sai errado | diagnostique | para sempre "
        "| entra em deadlock | recebo um erro | da erro | mensagem de erro diz | nullpointerexception | erro | erros"
    ),
    "trace": "rastreie | rastrear | rastreamento | siga a execucao | intercalacao",
    "root_cause": "causa raiz | causa-raiz | hipotese* | origem do problema | post-mortem",
    "syntax_slip": "erro de sintaxe | syntaxerror | erro de digitacao | falta um parentese | ponto e virgula faltando",
    "concurrency": (
        "condicao de corrida | condicoes de corrida | race condition* | deadlock* | impasse | concorren* | sem "
        "bloqueios | thread-safe | linearizav* | lineariza* | exclusao mutua"
    ),
    "refactor": (
        "refator* | refactor* | reestruture | reescreva este codigo | injecao de dependencia* | limpe este codigo | "
        "porte este | converta este codigo | modernize"
    ),
    "review": (
        "revise | revisar | revisao de codigo | revisao rapida | revisao deste | code review | pull request | audite "
        "| o que voce mudaria | avalie este codigo | critique este codigo | antes de eu fazer o merge | de uma "
        "olhada | aponte problemas | este diff | meu diff | auditoria de seguranca"
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
    "justify": (
        "justifique | justificar | justificativa | descartadas | argumente | fundamente | argumento* | avalie | "
        "critique | riscos"
    ),
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
        "referencia | tutorial para | colaboradores | guia de"
    ),
    "docstring": "docstring* | adicione comentarios | comente este codigo | comente o codigo | javadoc | jsdoc",
    "analyze": (
        "conjunto de dados | dados de vendas | analise os dados | analise estes dados | analise esses dados | "
        "analise de dados | grafico | histograma | outlier* | correlacao | serie temporal | series temporais | "
        "planilha | tendencias | tabela dinamica | distribuicao d* | coorte | previsao de | churn | este csv | "
        "indicadores | csv de | tendencia* | visitas ao site | por mes | dados faltantes | resultados da pesquisa | "
        "receita por | vendas por | esta tabela"
    ),
    "statistics": (
        "significancia estatistica | estatisticamente significativ* | analise de regressao | sazonalidade | "
        "intervalo de confianca | teste de hipotese | bayesian* | causal | analise de coorte | teste a/b | monte "
        "carlo | efeitos mistos | longitudinal | verifique os pressupostos | anova"
    ),
    "math": (
        "calcule | calcular | resolva | resolver | equacao | equacoes | integral | derivada* | raiz quadrada | "
        "probabilidade de | por cento de | matriz | autovalor* | polinomio* | fatorial | numero primo | numeros "
        "primos | soma de | quanto e | quanto da | teorema* | irracional | geometria | algebra | velocidade media | "
        "probabilidade | porcentagem | percentual | sem reposicao | primos | modulo 2 | modulo 3 | modulo 4 | "
        "divisivel | infinitos primos | de quantas maneiras | area de | volume de | km/h | juros | mediana de | "
        "media de | desvio padrao"
    ),
    "calculus": (
        "integral | derivada* | mostre o raciocinio | mostre os calculos | autovalor* | equacao diferencial | limite "
        "de | sistema de equacoes | probabilidade | mostre os passos | sem reposicao"
    ),
    "prove": (
        "prove | provar | prova de que | demonstre | demonstrar | demonstracao | por inducao | por absurdo | deduza "
        "| mostre que"
    ),
    "generalize": "generaliz*",
    "question": (
        "qual | quais | quem | quando | onde | quanto* | quanta* | o que e | o que sao | o que significa | como "
        "funciona* | como se | defina | existe* | em que ano | e verdade que | que horas | me diga | me de a | me de "
        "o | diga | em que | por que | porque"
    ),
    "explain": (
        "explique | explicar | explica | explicacao | descreva | como funciona* | me ensine | detalhe como | por que"
    ),
    "detail": "em detalhe* | detalhadamente | a fundo | aprofundad* | minucios* | complet* | abrangente | rigoros*",
    "summarize": (
        "resuma | resumir | resumo | sintetize | pontos principais | em poucas palavras | tl;dr | ideias principais "
        "| recapitule | encurte"
    ),
    "translate": (
        "traduz* | traducao | como se diz | para o ingles | para o portugues | para o alemao | para o espanhol | "
        "para o frances | em espanhol | em ingles | em frances | em alemao | em japones | em italiano | para ingles "
        "| para espanhol | verta | ingles formal | para o italiano | para o japones"
    ),
    "extract": (
        "extrai* | extrair | em json | como json | classifique | categorize | sentimento | entidades nomeadas | "
        "liste todos os nomes | rotule | retire | do texto abaixo | texto abaixo | identifique todos | encontre "
        "todos | marque este"
    ),
    "creative": (
        "haicai | poema | piada | slogan | musica | letra de | rima | tweet | legenda para | trava-lingua | nomes "
        "criativos | nomes para | charada | trocadilho | letra de musica"
    ),
    "compose": (
        "conto | historia sobre | uma historia | redacao | artigo | post de blog | email frio | rascunhe | escreva "
        "uma carta | escreva um e-mail | escreva um email | carta de apresentacao | roteiro | discurso | romance | "
        "comunicado de imprensa | boletim | descricao de produto | conto de fadas"
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
    "trouble": (
        "falha* | nao consigo | nao entendo por que | nao abre | preso | lent* | timeout | inesperad* | duplicad* | "
        "sem parar | errad* | incorret* | as vezes | parou | tela branca | algo errado | o que devo verificar | mas "
        "falha | estranho"
    ),
    "software": (
        "codigo | funcao | metodo | classe | script | programa | sql | consulta | api | endpoint | modulo | "
        "componente | formulario | parser | compilador | aplicativo | site | python | javascript | typescript | java "
        "| golang | rust | c++ | react | vue | angular | node | flask | django | fastapi | spring | kotlin | swift | "
        "bash | docker | kubernetes | kafka | postgres | mysql | redis | mongodb | oracle | git | ci | npm | pip | "
        "banco de dados | servidor | backend | front-end | frontend | biblioteca | framework | dicionario* | array | "
        "json | yaml | html | css | curl | regex | thread* | validacao | login | mensagens de erro | tratamento de "
        "erros | segundo plano | microsservico* | linha de comando | sql para | consulta para | codigo para | codigo "
        "que"
    ),
    "make": (
        "escreva | crie | criar | faca | gere | implemente | desenvolva | codigo para | codigo que | converta | "
        "adicione | sql para | consulta para | monte | programe | porte | codigo python para"
    ),
    "plan": (
        "estruturar | estruture | organizar | projetar | projete | migrar | migracao | qual banco | devo usar | como "
        "devo | escolher entre | melhor forma de modelar"
    ),
    "advanced": (
        "compilador | inferencia de tipos | interpretador | kernel | sistema operacional | consenso | raft | paxos | "
        "criptograf* | coletor de lixo | rede neural | sem parada | efeitos mistos | longitudinal | verificacao "
        "formal"
    ),
    "compound": (
        "e por que | e como | e quando | incluindo | principais teses | seus argumentos | uma a uma | um a um | para "
        "cada | opcoes, riscos"
    ),
}

STOP_WORDS = (
    "o os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem sob sobre é são foi eram "
    "está estão este esta estes estas esse essa isso isto ele ela eles elas eu você vocês nós meu minha seu sua "
    "nosso nossa que qual quais quem quando onde como quanto quantos quantas porque não mas ou se ao aos à às há "
    "faça escreva crie diga explique me dê tudo muito desta deste dele dela num numa também já foram ser ter tem a"
)

MARKS = "ãõçáàâéêíóôú"
"""Characters that hardly any other of our languages uses."""
