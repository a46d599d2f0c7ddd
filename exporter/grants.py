"""Pure: what a caller may do. Without keys everybody may do everything; a key narrows it.

In: nothing. Out: `Grant`, `OPEN`, `Caller`. Next: `exporter.keys` makes grants from keys, receiver,
signals and status ask them.
"""

from dataclasses import dataclass

from pipeline.errors import PermissionDenied

TOLD = 5
"""How many projects of a key an error names."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`projects` None means all. `tenant` is the admission scope: spans of two tenants never meet."""

    tenant: str = ""
    projects: frozenset[str] | None = None
    secret: bool = True
    key_id: str = ""

    def covers(self, project: str) -> bool:
        """Whether the project is within reach."""
        return self.projects is None or project in self.projects

    def need_project(self, project: str) -> None:
        """Raises `PermissionDenied` for a project outside the key's scope."""
        if not self.covers(project):
            raise PermissionDenied(f"the key is not for this project; it is for {self.told()}")

    def need_secret(self, purpose: str) -> None:
        """Raises `PermissionDenied` for a publishable key."""
        if not self.secret:
            raise PermissionDenied(f"a publishable key (pk-) may send signals only, not {purpose}")

    def project_or(self, default: str) -> str:
        """The project of a request that names none: the key's, if it has just one."""
        if self.projects is not None and len(self.projects) == 1:
            return next(iter(self.projects))
        return default

    def told(self) -> str:
        """The key's projects, in words."""
        if self.projects is None:
            return "all projects"
        names = sorted(self.projects)
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        return ", ".join(names[:TOLD]) + more


OPEN = Grant()
"""What everybody has as long as there are no keys."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, and the project that it asks for as a whole."""

    project: str
    grant: Grant = OPEN
