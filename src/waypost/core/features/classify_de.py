"""German phrases by signal, written without accents, and stop words with them. See `phrases` for the notation."""

PHRASES = {
    "debug": (
        "debugg* | fehler | fehlermeldung | ausnahme | behebe | beheben | repariere | funktioniert nicht | was ist "
        "falsch | sturzt ab | absturz | speicherleck | bug | bugs | geht nicht"
    ),
    "trace": "verfolge die ausfuhrung | nachverfolgen | ablaufverfolgung",
    "root_cause": "ursache | grundursache | hypothese*",
    "syntax_slip": "syntaxfehler | syntaxerror | tippfehler",
    "concurrency": "race condition* | wettlaufsituation | deadlock* | verklemmung | nebenlaufig* | sperrfrei",
    "refactor": "refaktor* | refactor* | schreibe diesen code um | dependency injection",
    "review": (
        "code-review | code review | uberprufe | prufe diesen code | begutachte | pull request | uberprufung | "
        "sicherheitsprufung | sicherheitsaudit"
    ),
    "audit": "sicherheitsprufung | sicherheitsaudit | schwachstelle* | angriff*",
    "architecture": (
        "architektur* | systementwurf | entwirf ein system | microservice* | monolith | datenbankschema | "
        "datenmodell | ereignisgesteuert*"
    ),
    "scale": (
        "verteilt* | mehrere regionen | sharding | replikation | fehlertoleran* | ausfallsicher* | skalierbar* | "
        "millionen benutzer* | millionen nutzer* | hochverfugbar* | echtzeit"
    ),
    "tradeoff": "vor- und nachteile | vorteile und nachteile | abwagung | kompromisse | fur und wider",
    "compare": "vergleiche | vergleich | unterschied zwischen | unterschiede zwischen",
    "justify": "begrunde | begrundung | rechtfertige | argumentiere",
    "test": "unit-test* | unit test* | schreibe tests | testfalle | randfalle | grenzfalle",
    "write_code": (
        "implementier* | schreibe eine funktion | schreibe ein skript | schreibe ein programm | schreibe code | "
        "schreibe eine python | python-funktion | funktion, die | skript, das | programm, das | regex | regularer "
        "ausdruck | sql-abfrage | endpunkt | dockerfile | erstelle eine funktion | erstelle ein skript"
    ),
    "document": "dokumentation | readme | dokumentiere | benutzerhandbuch | versionshinweise",
    "docstring": "docstring* | fuge kommentare | kommentiere diesen code",
    "analyze": (
        "datensatz | verkaufsdaten | analysiere die daten | analysiere diese daten | datenanalyse | diagramm | "
        "histogramm | korrelation | zeitreihe* | tabellenkalkulation | trends | prognose"
    ),
    "statistics": "statistische signifikanz | saisonalitat | regression | konfidenzintervall* | bayes* | kausal*",
    "math": (
        "berechne | lose die | gleichung* | integral* | ableitung* | quadratwurzel | wurzel aus | wahrscheinlichkeit "
        "| wie viel ist | matrix | polynom* | fakultat | primzahl* | theorem* | irrational* | prozent | "
        "durchschnittsgeschwindigkeit | km/h | primzahlen"
    ),
    "calculus": "integral* | ableitung* | zeige den rechenweg | gleichungssystem* | wahrscheinlichkeit",
    "prove": "beweise | beweis | beweisen | durch induktion | durch widerspruch | leite her | zeige, dass | zeige dass",
    "generalize": "verallgemeiner*",
    "question": (
        "was ist | was sind | wer | wann | wo ist | wo liegt | wie viele | wie viel | welche | welcher | welches | "
        "warum | wie funktioniert | definiere | was bedeutet | gibt es | in welchem jahr | wie hoch | wie gross | "
        "wie alt | wie lange | wie weit | wie heisst"
    ),
    "explain": "erklare* | beschreibe | wie funktioniert | erlautere | warum",
    "detail": "im detail | ausfuhrlich* | detailliert* | umfassend* | grundlich* | rigoros*",
    "summarize": "fasse | zusammenfassung | zusammenfassen | kernpunkte | kurz zusammen",
    "translate": (
        "ubersetz* | ins englische | ins deutsche | ins franzosische | wie sagt man | ins spanische | ins "
        "italienische | ins portugiesische | auf englisch | auf spanisch | auf franzosisch"
    ),
    "extract": "extrahier* | als json | klassifizier* | stimmung | kategorisier* | aus dem text | folgenden text",
    "creative": "haiku | gedicht | witz | slogan | lied | reim | tweet",
    "compose": (
        "geschichte uber | eine geschichte | aufsatz | artikel | verfasse | bewerbungsschreiben | drehbuch | rede"
    ),
    "steps": "schritt fur schritt | schrittweise",
    "brief": "schnell* | in einem satz | kurze antwort | kurz | einfach* | ja oder nein | einzeiler",
    "demanding": "von grund auf | algorithmus | optimier* | produktionsreif | compliance | formal",
    "greeting": "hallo | danke | guten morgen | guten tag | guten abend | wie geht | tschuss",
    "trouble": (
        "schlagt fehl | kann nicht | langsam | unerwartet* | doppelt* | manchmal | aber fehlschlagt | was soll ich "
        "prufen"
    ),
    "software": (
        "code | funktion | klasse | skript | programm | sql | abfrage | api | endpunkt | modul | komponente | "
        "formular | compiler | python | javascript | typescript | java | rust | react | django | flask | docker | "
        "kubernetes | kafka | postgres | git | ci | npm | datenbank | server | json | fehlermeldungen"
    ),
    "make": "schreib* | erstelle | mach | generiere | implementiere | entwickle | code fur | konvertiere | fuge",
    "plan": "strukturieren | organisieren | entwerfen | entwirf | migrieren | migration | sollte ich | wie soll ich",
    "compound": "und warum | und wie | und wann | einschliesslich | fur jede*",
    "advanced": "compiler | typinferenz | interpreter | kernel | konsens | kryptograph* | neuronales netz",
}

STOP_WORDS = (
    "der die das den dem des ein eine einen einem einer eines und oder ist sind war waren im in am an auf aus bei "
    "mit ohne von vom zu zum zur für über unter nach vor dieser diese dieses diesen er sie es ich du wir ihr mein "
    "meine dein sein ihre unser was wer wie wann wo warum welche welcher welches nicht aber wenn dass als auch sehr "
    "schreibe gib mir erkläre mache alle werden haben hat kann"
)

MARKS = "ßäöü"
"""Characters that hardly any other of our languages uses."""
