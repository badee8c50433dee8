"""Phrases by which a text speaks to a model, in lower case, for RE2, Java and PostgreSQL (no `\\b`, no look-around).

Who only writes about assistants, or names one, is not speaking to a model: a phrase has an address and a demand, or it
takes back what the model was told before.
"""

from __future__ import annotations

_COMMANDS = (
    r"ignore\s+((all|any|your|the|my|every|these|those)\s+)*(previous|prior|above|earlier|preceding)"
    r"|disregard\s+(all|any|your|the|previous)"
    r"|important[\s:!]+(message|instruction|ignore|notice)|important!!!"
    r"|system[_\s]message|system\s+prompt|new\s+instructions?:|(following|these)\s+instructions?"
    r"|before\s+you\s+can\s+(solve|do|continue|answer)|please\s+do\s+the\s+following|todo:"
    r"|you\s+must\s+(now|first)|do\s+not\s+(tell|inform|mention)|your\s+(new|real|actual|next)\s+(task|goal|instruction)"
    r"|\[(system|inst)\]|<(system|instructions?|important|information)>"
)

_MODEL = r"((ai|llm|language\s+model)([\s-]+(assistant|agent|model|system|bot))?|chatbot)s?"
_READER = rf"({_MODEL}|assistants?|agents?)"
_DEMAND = r"(should|must|shall|needs?\s+to|has\s+to|have\s+to|(are|is)\s+(required|instructed))"
_READING = r"(reading|processing|parsing|viewing|handling|summari[sz]ing|analy[sz]ing|seeing)"
_THIS = r"(this|the\s+above|the\s+following)"

_ADDRESSES = (
    # "Note to the assistant: …", "Instructions for any AI agents: …"
    rf"(note|notice|message|memo|attention|instructions?)\s+(to|for)\s+(the|any|all|every|an)\s+{_READER}\s*:"
    rf"|(note|notice|message|memo|attention|instructions?)\s+(to|for)\s+{_MODEL}\s*:"
    # "AI agents reading this should …", "any assistant processing this e-mail must …"
    rf"|{_READER}\s+(that\s+(is|are)\s+|who\s+(is|are)\s+|currently\s+)?{_READING}\s+{_THIS}\s+([a-z-]+\s+)?{_DEMAND}"
    # "If you are an AI (assistant) reading this, …"
    rf"|if\s+you\s+are\s+(an?|the)\s+{_READER}\s+{_READING}\s+{_THIS}"
    rf"|if\s+you\s+are\s+(an?|the)\s+{_MODEL}\s*,"
    # "As an AI agent, you must …"
    rf"|as\s+(an?|the)\s+{_MODEL}\s*,?\s+you\s+{_DEMAND}"
)

_OTHER_LANGUAGES = (
    # German, Dutch
    r"(ignorier(e|en\s+sie|t)|missachte(n\s+sie)?|vergiss|vergessen\s+sie)\s+((alle|die|deine|ihre|sämtliche)\s+)*"
    r"(vorherigen|bisherigen|vorigen|obigen|früheren|vorangegangenen|vorhergehenden)"
    r"|(hinweis|nachricht|anweisung(en)?)\s+(an|für)\s+(den|die|das|alle)\s+(ki[\s-]*)?(assistenten|agenten|modell|sprachmodell)\s*:"
    r"|(negeer|vergeet)\s+((alle|de|je|uw)\s+)*(vorige|eerdere|voorgaande|bovenstaande)"
    # French
    r"|(ignore[rz]?|oublie[rz]?|ne\s+ten(ez|ir)\s+pas\s+compte)\s+(de\s+)?((toutes|les|tes|vos|des)\s+)*"
    r"(instructions|consignes|directives)\s+(précédentes|antérieures|ci-dessus|qui\s+précèdent)"
    r"|(note|message|consignes?|instructions?)\s+(à|pour)\s+(l['’]|tout\s+|les\s+)(assistants?|agents?|ia|intelligence\s+artificielle)"
    r"(\s+(ia|d['’]ia))?\s*:"
    # Spanish, Portuguese, Italian
    r"|(ignor(a|e|en|ad|ar)|olvid(a|e|en|ad|ar)|haz\s+caso\s+omiso\s+de)\s+((todas|las|tus|sus|cualquier)\s+)*"
    r"(instrucciones|indicaciones|órdenes)\s+(anteriores|previas|precedentes)"
    r"|(nota|mensaje|instrucciones)\s+para\s+(el|la|los|todo|cualquier)\s+(asistentes?|agentes?|ia)(\s+de\s+ia)?\s*:"
    r"|(ignor(a|e|em|ar)|esqueç(a|am)|desconsidere)\s+((todas|as|suas|quaisquer)\s+)*"
    r"(instruções|orientações|ordens)\s+(anteriores|prévias|acima)"
    r"|(nota|mensagem|instruções)\s+para\s+(o|a|os|todo|qualquer)\s+(assistentes?|agentes?|ia)(\s+de\s+ia)?\s*:"
    r"|(ignor(a|ate|are)|dimentica(te)?)\s+((tutte|le|tue|vostre)\s+)*(istruzioni|indicazioni)\s+(precedenti|sopra)"
    r"|(nota|messaggio|istruzioni)\s+per\s+(l['’]|gli\s+|ogni\s+)(assistent[ei]|agent[ei]|ia)(\s+ia)?\s*:"
    # Polish, Russian, Turkish
    r"|(zignoruj|zapomnij|pomiń)\s+(wszystkie\s+)?(poprzednie|wcześniejsze|powyższe)"
    r"|(игнорируй(те)?|проигнорируй(те)?|забудь(те)?)\s+((все|всё)\s+)?(предыдущие|прежние|вышеуказанные|прошлые)"
    r"|(önceki|yukarıdaki)\s+(tüm\s+|bütün\s+)?(talimatları|komutları)\s+(yok\s+say|unut|görmezden\s+gel)"
    # Chinese, Japanese, Korean, Arabic
    r"|(忽略|无视|忘记|忽視|無視)(掉)?(所有|全部|一切)?(的)?(之前|以前|以上|前面|先前|上述|此前)"
    r"|(以前|これまで|上記|前|今まで)の(すべて|全て|全|あらゆる)?の?(指示|命令|指令)(を|は)(すべて|全て)?(無視|忘れ)"
    r"|(이전|위|앞)(의|에)?\s*(모든\s*)?(지시|명령|지침)(사항)?(을|를|은|는)?\s*(모두\s*)?(무시|잊)"
    r"|(تجاهل|انس)\s+((جميع|كل)\s+)?(التعليمات|الأوامر|الإرشادات)\s+(السابقة|أعلاه)"
)

INSTRUCTION = f"{_COMMANDS}|{_ADDRESSES}|{_OTHER_LANGUAGES}"
