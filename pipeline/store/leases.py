"""Periodic work that one process at a time does, on any database.

In: the name of the work and of who would do it. Out: whether it may. Next: `retention`.
"""

from sqlalchemy import Connection, delete, or_, select

from pipeline.store.dialect import insert
from pipeline.store.schema_retention import leases


def take_lease(connection: Connection, name: str, holder: str, until: int, now: int) -> bool:
    """True if nobody else holds it; who holds it already holds it longer."""
    fresh = insert(connection, leases).values(name=name, holder=holder, until=until)
    free = or_(leases.c.holder == holder, leases.c.until <= now)
    connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["name"], set_={"holder": holder, "until": until}, where=free
        )
    )
    return (
        connection.execute(select(leases.c.holder).where(leases.c.name == name)).scalar() == holder
    )


def give_back(connection: Connection, name: str, holder: str) -> None:
    """Others need not wait until it runs out."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
