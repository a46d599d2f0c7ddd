"""Vocabularies of the planted-fault applications; none of them is about insurance."""

from tests.scenarios.prose import Domain

GREETINGS = ("Hello,", "Hi team,", "Good morning,", "To whom it may concern,", "Dear all,", "Hey,")

OPERATIONS = Domain(
    actors=("load balancer", "payment service", "cache cluster", "scheduler", "message broker",
            "search index", "login gateway", "report worker", "image resizer", "billing job"),
    actions=("restarted without warning", "began to reject connections", "ran out of memory",
             "was rolled back", "lost its leader", "was switched to read-only mode",
             "returned stale data", "recovered on its own", "was drained by hand",
             "dropped a fifth of its traffic", "reported a full disk"),
    things=("error budget", "queue backlog", "average response time", "incident ticket",
            "maintenance window", "replica lag", "backup volume"),
    units=("ms", "GB", "MB", "seconds", "requests"),
    prefixes=("INC", "NODE", "OPS"),
    conditions=("unless the on-call lead agrees", "if the replica is in sync",
                "except during the freeze", "only when traffic is low"),
    verdicts=("capacity problem", "bad deployment", "network partition", "expired certificate",
              "storage fault", "configuration drift"),
    greetings=GREETINGS,
)  # fmt: skip

PHARMACY = Domain(
    actors=("night nurse", "ward physician", "pharmacist", "patient", "lab technician",
            "transport service", "family doctor", "ward clerk"),
    actions=("reported dizziness", "asked for a second sample", "paused the infusion",
             "noted a mild rash", "confirmed the allergy list", "raised the dose",
             "requested a new label", "measured the blood pressure again"),
    things=("morning dose", "evening dose", "infusion bag", "reserve stock", "blister pack",
            "weekly total", "starter dose", "emergency reserve"),
    units=("mg", "g", "ml", "l", "kg"),
    prefixes=("RX", "LOT", "PAT"),
    conditions=("if the kidney values allow it", "unless fever persists",
                "only with food", "except at night"),
    verdicts=("release the order", "hold the order", "call the physician", "repeat the lab test",
              "change the packaging", "refer to a specialist"),
    greetings=GREETINGS,
)  # fmt: skip

LEDGER = Domain(
    actors=("supplier", "branch office", "auditor", "payroll clerk", "tax adviser", "bank",
            "treasury desk", "warehouse"),
    actions=("sent a corrected invoice", "booked the payment twice", "asked for a receipt",
             "closed the period", "disputed the charge", "split the posting",
             "released the deposit", "reopened the account"),
    things=("refund", "service fee", "rent", "travel advance", "licence cost", "deposit",
            "discount", "freight charge"),
    units=("EUR", "USD", "GBP", "CHF"),
    prefixes=("INV", "DOC", "ACC"),
    conditions=("unless the invoice is disputed", "if the receipt is attached",
                "only before the cut-off", "except for cash items"),
    verdicts=("post to income", "post to expenses", "send to review", "write off",
              "carry forward", "return to sender"),
    greetings=GREETINGS,
)  # fmt: skip

CONTRACTS = Domain(
    actors=("tenant", "landlord", "property manager", "surveyor", "notary", "bank", "neighbour",
            "contractor"),
    actions=("sent a draft", "struck out a paragraph", "asked for an extension",
             "signed the annex", "missed the deadline", "proposed a cap", "withdrew an offer",
             "handed over the keys"),
    things=("parking space", "garden shed", "lease", "security deposit", "floor plan",
            "inventory list", "roof terrace", "access code"),
    units=("EUR", "m2", "months", "days"),
    prefixes=("LEASE", "UNIT", "REG"),
    conditions=("unless both parties agree in writing", "if notice was given",
                "only after the survey", "except in an emergency", "provided that rent is paid"),
    verdicts=("low risk", "medium risk", "high risk", "needs counsel", "renegotiate", "decline"),
    greetings=GREETINGS,
)  # fmt: skip

FREIGHT = Domain(
    actors=("driver", "customs officer", "port terminal", "consignee", "rail operator",
            "warehouse team", "forwarder", "inspection company"),
    actions=("refused the pallet", "changed the route", "asked for new papers",
             "resealed the container", "moved the slot", "found a wet carton",
             "cleared the shipment", "reported a flat tyre"),
    things=("container", "pallet", "customs file", "delivery slot", "bill of lading",
            "cold box", "return crate", "seal"),
    units=("kg", "t", "m3", "pallets"),
    prefixes=("MSKU", "TRK", "CUS"),
    conditions=("if the seal is intact", "unless customs objects", "only with a gate pass",
                "except on holidays"),
    verdicts=("deliver as planned", "hold at terminal", "return to shipper", "inspect again",
              "rebook the slot", "file a claim with the carrier"),
    greetings=GREETINGS,
)  # fmt: skip

TRAVEL = Domain(
    actors=("traveller", "hotel desk", "tour guide", "airline", "travel agent", "embassy",
            "car rental office", "ferry company"),
    actions=("asked for a window seat", "moved the check-in", "cancelled the excursion",
             "sent a voucher", "changed the meeting point", "closed the counter early",
             "upgraded the room", "lost a suitcase"),
    things=("hotel room", "rental car", "ferry ticket", "city tour", "airport transfer",
            "travel budget", "visa file", "breakfast option"),
    units=("EUR", "USD", "nights", "km"),
    prefixes=("PNR", "HTL", "TKT"),
    conditions=("if the weather holds", "unless the flight is late", "only for two adults",
                "except on Mondays"),
    verdicts=("trip is confirmed", "trip needs a change", "offer an alternative",
              "refund the customer", "wait for the airline", "ask for documents"),
    greetings=GREETINGS,
)  # fmt: skip

RESEARCH = Domain(
    actors=("first team", "control group", "reviewer", "field station", "survey panel",
            "lab assistant", "funding body", "statistician"),
    actions=("repeated the measurement", "excluded two sites", "published the raw data",
             "changed the protocol", "withdrew a sample", "found a seasonal effect",
             "asked for more subjects", "questioned the baseline"),
    things=("sample size", "survey", "soil probe", "growth rate", "data set", "grant",
            "reading", "specimen"),
    units=("percent", "mm", "kg", "days", "subjects"),
    prefixes=("DOI", "EXP", "SITE"),
    conditions=("if the sensor was calibrated", "unless rainfall is high",
                "only for adults", "except in winter"),
    verdicts=("strong support", "weak support", "no effect", "conflicting evidence",
              "needs replication", "out of scope"),
    greetings=GREETINGS,
)  # fmt: skip
