"""`obskit judge --serve`: verdicts over HTTP, for Argo Rollouts, Flagger and pipelines.

`serve` runs everything. `looks` follows the files and judges in the background. `question` reads what a
request asks, `reply` turns the last verdict into the response of each route, and `connection` serves a
request within limits of time and bytes. Who may ask is decided as in `obskit.receive`: by address, token,
`Host` and `Origin`.

It needs the extra `receive`.
"""

from obskit.gate.serve import run
from obskit.gate.settings import Address, Settings

__all__ = ["Address", "Settings", "run"]
