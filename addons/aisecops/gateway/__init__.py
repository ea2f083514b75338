"""Floor 2: enforcement. The order of the checks, reservations, records; the world only through ports.

Its rooms see those that stand before them in this row, and none behind: `step`, `origins`, `leaving`, `addresses`,
`runs`, `pinned`, `people`, `admission`, `settlement`, `together`. Before all of them stand the ports and what every
room needs; behind them, `enforcement` and `assembly` put the rooms together.
"""
