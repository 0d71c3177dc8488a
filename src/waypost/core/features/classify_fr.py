"""French phrases by signal, written without accents, and stop words with them. See `phrases` for the notation."""

PHRASES = {
    "debug": (
        "debogue* | debug* | erreur | erreurs | exception | corrige | corriger | ne fonctionne pas | ne marche pas | "
        "qu'est-ce qui ne va pas | plante | fuite de memoire | bug | bugs"
    ),
    "trace": "trace l'execution | tracer | suis l'execution",
    "root_cause": "cause profonde | cause racine | hypothese* | origine du probleme",
    "syntax_slip": "erreur de syntaxe | syntaxerror | faute de frappe",
    "concurrency": (
        "situation de concurrence | condition de concurrence | race condition* | interblocage* | deadlock* | "
        "concurrent*"
    ),
    "refactor": "refactor* | remanie | reecris ce code | injection de dependances",
    "review": "revue de code | relis | relire | revois | pull request | code review | audite | audit de securite",
    "audit": "audit de securite | vulnerabilite* | attaque*",
    "architecture": (
        "architectur* | concois un systeme | conception d'un systeme | microservice* | monolithe | schema de base de "
        "donnees | modele de donnees | orientee evenements"
    ),
    "scale": (
        "distribue* | multi-region* | entre regions | partitionnement | replication | tolerant aux pannes | "
        "tolerance aux pannes | isolation des pannes | passage a l'echelle | millions d'utilisateurs | haute "
        "disponibilite | temps reel"
    ),
    "tradeoff": "avantages et inconvenients | compromis | pour et le contre",
    "compare": "compare | comparez | comparer | comparaison | difference entre | differences entre",
    "justify": "justifie* | justification | argumente*",
    "test": "test unitaire | tests unitaires | ecris des tests | cas de test | cas limites",
    "write_code": (
        "implemente* | ecris une fonction | ecris un script | ecris un programme | ecris du code | cree une fonction "
        "| fonction qui | script qui | programme qui | regex | expression reguliere | requete sql | endpoint | "
        "fonction python | dockerfile"
    ),
    "document": "documentation | readme | documente | guide utilisateur | notes de version",
    "docstring": "docstring* | ajoute des commentaires | commente ce code",
    "analyze": (
        "jeu de donnees | donnees de vente | analyse les donnees | analyse ces donnees | analyse de donnees | "
        "graphique | histogramme | correlation | serie temporelle | series temporelles | feuille de calcul | "
        "tendances | prevision de"
    ),
    "statistics": (
        "significativite statistique | saisonnalite | regression | intervalle de confiance | bayesien* | causal"
    ),
    "math": (
        "calcule | calculer | calculez | resous | resoudre | equation* | integrale* | derivee* | racine carree | "
        "probabilite de | combien font | matrice | polynome* | factorielle | nombre premier | theoreme* | "
        "irrationnel* | probabilite | pourcentage | vitesse moyenne | km/h | premiers"
    ),
    "calculus": (
        "integrale* | derivee* | montre les etapes | montre ton raisonnement | systeme d'equations | probabilite"
    ),
    "prove": (
        "demontre* | demontrer | demonstration | prouve* | prouver | preuve | par recurrence | par l'absurde | "
        "deduis | montre que"
    ),
    "generalize": "generalis*",
    "question": (
        "quel | quelle | quels | quelles | qui | quand | combien | qu'est-ce que | qu'est-ce qu'un | pourquoi | "
        "comment fonctionne* | definis | que signifie | en quelle annee | est-ce que | ou se trouve"
    ),
    "explain": "explique* | decris | decrivez | comment fonctionne* | pourquoi",
    "detail": "en detail | de facon detaillee | en profondeur | complet* | exhaustif* | rigoureu*",
    "summarize": "resume | resumez | resumer | synthetise | points principaux | en quelques mots",
    "translate": (
        "traduis | traduire | traduisez | traduction | comment dit-on | en anglais | en allemand | en espagnol | en "
        "portugais"
    ),
    "extract": (
        "extrais | extraire | extrayez | en json | classe | classifie | sentiment | etiquette chaque | du texte | "
        "texte suivant | texte ci-dessous"
    ),
    "creative": "haiku | poeme | blague | slogan | chanson | rime | tweet",
    "compose": (
        "conte | histoire sur | une histoire | essai | article | redige | lettre de motivation | scenario | discours"
    ),
    "steps": "etape par etape | pas a pas",
    "brief": "rapide* | d'une ligne | en une phrase | brievement | reponse courte | simple | oui ou non",
    "demanding": "a partir de zero | algorithme | optimis* | pret pour la production | conformite | formellement",
    "greeting": "bonjour | salut | merci | bonsoir | ca va | au revoir",
    "trouble": (
        "echoue* | je n'arrive pas | lent* | inattendu* | en double | parfois | incorrect* | mais echoue | que "
        "dois-je verifier"
    ),
    "software": (
        "code | fonction | classe | script | programme | sql | requete | api | endpoint | module | composant | "
        "formulaire | compilateur | python | javascript | typescript | java | rust | react | django | flask | docker "
        "| kubernetes | kafka | postgres | git | ci | npm | base de donnees | serveur | json | messages d'erreur"
    ),
    "make": "ecris | cree | fais | genere | implemente | developpe | code pour | convertis | ajoute",
    "plan": "structurer | organiser | concevoir | concois | migrer | migration | dois-je utiliser | comment dois-je",
    "compound": "et pourquoi | et comment | et quand | y compris | pour chaque",
    "advanced": "compilateur | inference de types | interprete | noyau | consensus | cryptograph* | reseau de neurones",
}

STOP_WORDS = (
    "le la les un une des du de et ou est sont était ce cet cette ces il elle ils elles je tu nous vous mon ma mes "
    "ton ta son sa ses notre votre leur qui que quoi quel quelle quels quelles quand où comment combien pourquoi ne "
    "pas mais si dans sur sous avec sans pour par au aux en à plus très aussi fais écris donne dis explique moi tout "
    "être avoir a"
)

MARKS = "œçàâèéêëîïôùû"
"""Characters that hardly any other of our languages uses."""
