"""All applications by name; those without a fault apart.

In: nothing. Out: `FAULTY`, `FAULTLESS`. Next: `run`.
"""

from collections.abc import Callable

from tests.scenarios.held_out.aftermath import bookshop, chatter, tutoring
from tests.scenarios.held_out.chains import listings, onboarding
from tests.scenarios.held_out.clinical import protocols, triage
from tests.scenarios.held_out.commerce import helpdesk, orders, warranty
from tests.scenarios.held_out.faultless import gazette, kitchen, library, quizzes, regulars
from tests.scenarios.held_out.knowledge import answers, reports, research
from tests.scenarios.held_out.legal import contracts, obligations
from tests.scenarios.held_out.money import invoices, ledger
from tests.scenarios.held_out.operations import incidents, reviews
from tests.scenarios.held_out.trips import offsite, tables, travel
from tests.scenarios.held_out.truth import Application
from tests.scenarios.held_out.words import minutes, translations

Make = Callable[[int], Application]

FAULTY: dict[str, Make] = {
    "triage": triage,
    "protocols": protocols,
    "invoices": invoices,
    "ledger": ledger,
    "travel": travel,
    "offsite": offsite,
    "tables": tables,
    "contracts": contracts,
    "obligations": obligations,
    "incidents": incidents,
    "reviews": reviews,
    "orders": orders,
    "helpdesk": helpdesk,
    "warranty": warranty,
    "research": research,
    "answers": answers,
    "reports": reports,
    "translations": translations,
    "minutes": minutes,
    "listings": listings,
    "onboarding": onboarding,
    "bookshop": bookshop,
    "tutoring": tutoring,
}
FAULTLESS: dict[str, Make] = {
    "kitchen": kitchen,
    "library": library,
    "quizzes": quizzes,
    "gazette": gazette,
    "regulars": regulars,
    "chatter": chatter,
}
