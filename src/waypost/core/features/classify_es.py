"""Spanish phrases by signal, written without accents, and stop words with them. See `phrases` for the notation."""

PHRASES = {
    "debug": (
        "depura* | error | errores | excepcion* | arregla* | corrige | corregir | no funciona | que esta mal | falla "
        "| fallando | fuga de memoria | se cuelga | bug | bugs"
    ),
    "trace": "rastrea | rastrear | traza | sigue la ejecucion",
    "root_cause": "causa raiz | hipotesis | origen del problema",
    "syntax_slip": "error de sintaxis | syntaxerror | errata",
    "concurrency": (
        "condicion de carrera | condiciones de carrera | interbloqueo* | deadlock* | concurren* | sin bloqueos"
    ),
    "refactor": "refactor* | reescribe este codigo | inyeccion de dependencias",
    "review": (
        "revisa | revisar | revision de codigo | revision de este | pull request | code review | audita | auditoria "
        "de seguridad"
    ),
    "audit": "auditoria de seguridad | vulnerabilidad* | ataque*",
    "architecture": (
        "arquitectura* | diseno de un sistema | disena un sistema | microservicio* | monolito | esquema de base de "
        "datos | modelo de datos | basada en eventos | orientada a eventos"
    ),
    "scale": (
        "distribuid* | multirregion | entre regiones | particionamiento | replicacion | tolerante a fallos | "
        "tolerancia a fallos | aislamiento de fallos | escalable | escalabilidad | millones de usuarios | alta "
        "disponibilidad | tiempo real"
    ),
    "tradeoff": "ventajas y desventajas | pros y contras | compromisos | trade-off*",
    "compare": "compara | comparar | comparacion | diferencia entre | diferencias entre | versus",
    "justify": "justifica | justificar | justificacion | argumenta",
    "test": "prueba unitaria | pruebas unitarias | escribe pruebas | casos de prueba | casos limite | tests para",
    "write_code": (
        "implementa* | escribe una funcion | escribe un script | escribe un programa | escribe codigo | crea una "
        "funcion | crea un script | funcion que | script que | programa que | regex | expresion regular | consulta "
        "sql | endpoint | funcion en python | dockerfile"
    ),
    "document": "documentacion | readme | documenta | guia de usuario | notas de version",
    "docstring": "docstring* | anade comentarios | comenta este codigo",
    "analyze": (
        "conjunto de datos | datos de ventas | analiza los datos | analiza estos datos | analisis de datos | grafico "
        "| histograma | correlacion | serie temporal | series temporales | hoja de calculo | tendencias | prevision "
        "de"
    ),
    "statistics": (
        "significacion estadistica | significancia estadistica | estacionalidad | regresion | bayesian* | causal"
    ),
    "math": (
        "calcula | calcular | resuelve | ecuacion* | integral | derivada* | raiz cuadrada | probabilidad de | cuanto "
        "es | matriz | polinomio* | factorial | numero primo | teorema* | irracional | probabilidad | porcentaje | "
        "velocidad media | km/h | primos"
    ),
    "calculus": (
        "integral | derivada* | muestra los pasos | muestra tu razonamiento | sistema de ecuaciones | probabilidad"
    ),
    "prove": (
        "demuestra | demostrar | demostracion | prueba que | por induccion | por reduccion al absurdo | deduce | "
        "muestra que"
    ),
    "generalize": "generaliz*",
    "question": (
        "cual | cuales | quien | quienes | cuando | donde | cuanto* | cuanta* | que es | que son | que significa | "
        "por que | como funciona* | como se | define | en que ano | existe*"
    ),
    "explain": "explica* | explique | describe | como funciona* | ensename | por que",
    "detail": "en detalle | detalladamente | a fondo | completo | completa | exhaustiv* | riguros*",
    "summarize": "resume | resumen | resumir | sintetiza | puntos principales | en pocas palabras",
    "translate": (
        "traduce* | traducir | traduccion | como se dice | al ingles | al frances | al aleman | al portugues | en "
        "ingles | en frances | en aleman | en portugues | en japones"
    ),
    "extract": (
        "extrae* | extraer | en json | como json | clasifica | sentimiento | etiqueta cada | del texto | texto "
        "siguiente"
    ),
    "creative": "haiku | poema | chiste | eslogan | cancion | rima | tuit",
    "compose": (
        "cuento | historia sobre | una historia | ensayo | articulo | redacta | carta de presentacion | guion | "
        "discurso"
    ),
    "steps": "paso a paso | paso por paso",
    "brief": "rapid* | de una linea | en una frase | brevemente | respuesta corta | sencill* | si o no",
    "demanding": "desde cero | algoritmo | optimiz* | listo para produccion | cumplimiento | formalmente",
    "greeting": "hola | gracias | buenos dias | buenas tardes | buenas noches | que tal | adios",
    "trouble": (
        "falla* | no puedo | no entiendo por que | lent* | inesperad* | duplicad* | a veces | incorrect* | pero "
        "falla | que debo revisar"
    ),
    "software": (
        "codigo | funcion | clase | script | programa | sql | consulta | api | endpoint | modulo | componente | "
        "formulario | compilador | python | javascript | typescript | java | rust | react | django | flask | docker "
        "| kubernetes | kafka | postgres | git | ci | npm | base de datos | servidor | prueba pasa | json | mensajes "
        "de error"
    ),
    "make": "escribe | crea | haz | genera | implementa | desarrolla | codigo para | convierte | anade",
    "plan": "estructurar | organizar | disenar | disena | migrar | migracion | deberia usar | como debo",
    "compound": "y por que | y como | y cuando | incluyendo | para cada",
    "advanced": "compilador | inferencia de tipos | interprete | nucleo | consenso | criptograf* | red neuronal",
}

STOP_WORDS = (
    "el los la las un una unos unas de del en y o con sin por para sobre es son fue eran está están este esta estos "
    "estas ese esa eso esto él ella ellos ellas yo tú usted nosotros mi mis su sus nuestro que qué cuál cuáles quién "
    "cuándo dónde cómo cuánto no pero si se al lo le les más muy también ya hay haz escribe crea di explica me dame "
    "todo esta ser tiene cuando donde como a"
)

MARKS = "ñ¿¡áéíóú"
"""Characters that hardly any other of our languages uses."""
