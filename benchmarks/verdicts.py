"""How often verdicts on rollouts are wrong, and how soon they are right: ours, and the rules of other tools.

python -m benchmarks.verdicts [--runs 500] [--only errors ramp margins weights latency slices]

Every table has fixed seeds. A cell says how many percent of the runs raised an alarm, and after how many
requests of the candidate (median). Rollouts last 60 minutes, and are looked at every minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import special

from benchmarks import verdict_peers as peers
from benchmarks.verdict_peers import Minutes
from obskit.judge.error_rate import track_errors
from obskit.judge.margins import parse_margin
from obskit.judge.strata import Strata, Tally, strata_of
from obskit.judge.words import word_at
from obskit.stats.many_slices import discoveries, exact_p
from obskit.stats.sequential import log_e_terms, log_mixture

ALPHA = 0.05
LEVEL = np.log(1 / ALPHA)
LOOKS = 60
MARGIN = parse_margin("larger of x1.5, +0.1pp")
PARTS = ("errors", "ramp", "margins", "weights", "latency", "slices")


def minutes(runs: int, requests: float, share: float, rate: float, ratio: float, seed: list[int]) -> Minutes:
    """Return random rollouts with a constant share and rate."""
    rng = np.random.default_rng(seed)
    n_a = rng.poisson(requests * (1 - share), (runs, LOOKS))
    n_b = rng.poisson(requests * share, (runs, LOOKS))
    return Minutes(n_a, rng.binomial(n_a, rate), n_b, rng.binomial(n_b, min(1.0, rate * ratio)))


def evidence(counts: Minutes) -> np.ndarray:
    """Return our evidence of a higher rate at every look; strata are minutes."""
    total = np.maximum(counts.n_a + counts.n_b, 1)
    terms = log_e_terms(counts.x_b, counts.x_a + counts.x_b, counts.n_b / total, up=True)
    return log_mixture(terms.cumsum(axis=-1))


def ours(counts: Minutes) -> np.ndarray:
    """Our rule: an alarm where the evidence reaches 1/alpha."""
    return evidence(counts) >= LEVEL


def pooled(counts: Minutes) -> np.ndarray:
    """Our rule without strata, to show what they are for."""
    n_a, x_a, n_b, x_b = counts.so_far()
    terms = log_e_terms(x_b, x_a + x_b, n_b / np.maximum(n_a + n_b, 1), up=True)
    return log_mixture(terms) >= LEVEL


RULES: dict[str, Callable[[Minutes], np.ndarray]] = {
    "obskit": ours,
    "z test at every look": lambda c: peers.naive_z(c, ALPHA),
    "z test at the end": lambda c: peers.last_z(c, ALPHA),
    "z test, Bonferroni for 60 looks": lambda c: peers.bonferroni_z(c, ALPHA),
    "GrowthBook, one-sided sequence": lambda c: peers.growthbook(c, ALPHA),
    "Argo, error rate > 5%, 4 minutes": peers.argo,
    "Flagger, success < 99%, 5 minutes": peers.flagger,
    "Kayenta at the end": peers.kayenta,
    "Kayenta every 10 minutes": lambda c: peers.kayenta(c, 10),
}


def alarms(alarm: np.ndarray, counts: Minutes) -> tuple[float, float]:
    """Return the percentage of runs with an alarm, and the median of the candidate's requests until then."""
    hit = alarm.any(axis=1)
    seen = counts.n_b.cumsum(axis=1)[np.arange(len(hit)), alarm.argmax(axis=1)]
    return 100 * float(hit.mean()), float(np.median(seen[hit])) if hit.any() else float("nan")


def errors(runs: int, share: float = 0.1, requests: float = 6000) -> dict[str, list[tuple[float, float]]]:
    """False alarms (1%, 0.1% in both) and detections (x2, x3, x1.3) of every rule."""
    cells = ((0.01, 1.0), (0.01, 2.0), (0.001, 1.0), (0.001, 3.0), (0.01, 1.3))
    out: dict[str, list[tuple[float, float]]] = {name: [] for name in RULES}
    for at, (rate, ratio) in enumerate(cells):
        counts = minutes(runs, requests, share, rate, ratio, [14, int(share * 100), at])
        few = Minutes(*(v[: max(20, runs // 10)] for v in (counts.n_a, counts.x_a, counts.n_b, counts.x_b)))
        for name, rule in RULES.items():
            used = few if name.startswith("Kayenta") else counts  # it takes seconds per hundred runs
            out[name].append(alarms(rule(used), used))
    return out


def ramp(runs: int) -> dict[str, list[float]]:
    """Shares of 1, 5, 25 and 50% for 15 minutes each, while everybody's error rate triples or falls."""
    share, rate = np.repeat([0.01, 0.05, 0.25, 0.5], 15), 0.005 * np.linspace(1, 3, LOOKS)
    rules = {
        "obskit, by look": ours,
        "the same, pooled": pooled,
        "z test at every look": RULES["z test at every look"],
    }
    rules["GrowthBook"] = RULES["GrowthBook, one-sided sequence"]
    out: dict[str, list[float]] = {name: [] for name in rules}
    for at, (rates, ratio) in enumerate(
        ((rate, 1.0), (rate[::-1], 1.0), (rate[::-1], 1.5), (rate[::-1], 2.0))
    ):
        rng = np.random.default_rng([15, at])
        n_a, n_b = rng.poisson(3000 * (1 - share), (runs, LOOKS)), rng.poisson(3000 * share, (runs, LOOKS))
        counts = Minutes(n_a, rng.binomial(n_a, rates), n_b, rng.binomial(n_b, rates * ratio))
        for name, rule in rules.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                out[name].append(alarms(rule(counts), counts)[0])
    return out


def margins(runs: int, share: float = 0.1, requests: float = 6000) -> dict[str, tuple[float, float, float]]:
    """Percent of the runs that pass, regress and stay open after an hour, by true rates."""
    out = {}
    for at, (rate, other) in enumerate(
        ((0.0, 0.0), (0.001, 0.001), (0.01, 0.01), (0.01, 0.0125), (0.001, 0.003), (0.01, 0.02))
    ):
        rng = np.random.default_rng([16, at])
        words = []
        for _ in range(runs):
            n = rng.poisson([[requests * (1 - share)], [requests * share]], (2, LOOKS)).astype(float)
            x = rng.binomial(n.astype(int), [[rate], [other]]).astype(float)
            strata = Strata(n[0][:, None], x[0][:, None], n[1][:, None], x[1][:, None], np.ones(LOOKS), False)
            track = track_errors(strata, MARGIN, ALPHA, ALPHA)
            words.append(word_at(track.regressed, track.passed, track.enough)[0])
        out[f"{rate:.2%} -> {other:.2%}"] = tuple(
            100 * words.count(word) / runs for word in ("pass", "regress", "inconclusive")
        )
    return out


def sampled(kind: str, ratio: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return look, arm, failed and weight of the rows that sampling kept; the candidate has 20%."""
    n = 60_000 if kind == "W5" else 120_000
    look, arm = rng.integers(0, LOOKS, n), (rng.random(n) < 0.2).astype(int)
    failed = rng.random(n) < 0.01 * np.where(arm == 1, ratio, 1.0)
    slow = rng.random(n) < np.where(arm == 1, 0.2, 0.02)
    kept = {
        "W1": np.full(n, 0.1),
        "W2": np.where(failed, 1.0, 0.02),
        "W4": np.where(failed, np.where(rng.random(n) < 0.5, 1.0, 1 / 30), 0.02),
        "W5": np.where(arm == 1, 1.0, 0.05),
        "W7": np.where((arm == 1) | failed, 1.0, 0.02),
        "W8": np.where(failed | slow, 1.0, 0.02),
    }[kind]
    row = rng.random(n) < kept
    return look[row], arm[row], failed[row], 1 / kept[row]


def weights(runs: int) -> dict[str, tuple[float, float]]:
    """Alarms without a change, and at twice the rate, for ways to sample; rows are counted as we do."""
    out = {}
    for at, kind in enumerate(("W1", "W2", "W4", "W5", "W7", "W8")):
        found = []
        for ratio in (1.0, 2.0):
            rng = np.random.default_rng([17, at, int(ratio)])
            hits = 0
            for _ in range(runs):
                look, arm, failed, weight = sampled(kind, ratio, rng)
                cell = (look * 2 + arm) * 2 + failed
                sums = [
                    np.bincount(cell, w, LOOKS * 4).reshape(LOOKS, 1, 2, 2) for w in (None, weight, weight**2)
                ]
                others, with_it = (Tally(*(v[..., side].astype(float) for v in sums)) for side in (0, 1))
                hits += bool((strata_of(with_it, others).log_e(up=True) >= LEVEL).any())
            found.append(100 * hits / runs)
        out[kind] = (found[0], found[1])
    return out


QUANTILES = np.array([0.5, 0.75, 0.9, 0.95, 0.99])


def durations(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return durations: lognormal around 80 ms, and 2% of them eight times as long."""
    return np.exp(rng.normal(np.log(80), 0.6, n)) * np.where(rng.random(n) < 0.02, 8.0, 1.0)


# Name -> (factor of the durations, percentile above which durations are longer).
SLOWER = {
    "the same": (1.0, None),
    "x1.05": (1.05, None),
    "x1.1": (1.1, None),
    "x1.2": (1.2, None),
    "above p90 x1.2": (1.2, 2),
    "above p95 x1.5": (1.5, 3),
}


def latency(
    runs: int, n_a: int = 2700, n_b: int = 300, floor: float = 0.05, margin: float = 0.2
) -> dict[str, tuple[float, float]]:
    """Percent of the runs that regress beyond the floor, and that pass at the margin (p50 and p95)."""
    rng = np.random.default_rng(18)
    usual = durations(rng, 400_000)
    out = {}
    for at, (name, (factor, above)) in enumerate(SLOWER.items()):
        rng = np.random.default_rng([18, at])
        threshold = np.quantile(durations(rng, 20_000), QUANTILES)
        slower = durations(rng, 400_000)
        limit = 0.0 if above is None else float(np.quantile(usual, QUANTILES[above]))
        slower = np.where(slower > limit, factor * slower, slower)
        # Counts above nested thresholds are sums of a multinomial.
        x_a = _above(rng, usual, threshold, n_a, runs)
        raised = np.concatenate([threshold * (1 + floor), threshold * (1 + margin)])
        order = np.argsort(raised)
        x_b = np.empty((len(raised), runs, LOOKS))
        x_b[order] = _above(rng, slower, raised[order], n_b, runs)
        pi = n_b / (n_a + n_b)
        up = [
            log_mixture(log_e_terms(b, a + b, pi, up=True).cumsum(-1))
            for a, b in zip(x_a, x_b[:5], strict=True)
        ]
        regress = special.logsumexp(np.stack(up), axis=0) - np.log(5) >= LEVEL
        passed = np.ones((runs, LOOKS), bool)
        for q in (0, 3):
            down = log_mixture(log_e_terms(x_b[5 + q], x_a[q] + x_b[5 + q], pi, up=False).cumsum(-1))
            passed &= np.maximum.accumulate(down, axis=1) >= LEVEL
        out[name] = (100 * float(regress.any(axis=1).mean()), 100 * float(passed.any(axis=1).mean()))
    return out


def _above(
    rng: np.random.Generator, values: np.ndarray, threshold: np.ndarray, n: int, runs: int
) -> np.ndarray:
    """Return how many of n values per run and look are above each threshold (ascending)."""
    beyond = np.array([1.0, *((values > t).mean() for t in threshold), 0.0])
    cells = rng.multinomial(n, beyond[:-1] - beyond[1:], size=(runs, LOOKS))
    return np.moveaxis(cells[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:], -1, 0).astype(float)


def traffic() -> np.ndarray:
    """Return the share of the requests of 500 customers x 8 clients."""
    customers = 1 / np.arange(1, 501) ** 0.9
    clients = np.array([0.35, 0.25, 0.15, 0.1, 0.07, 0.05, 0.02, 0.01])
    return np.outer(customers / customers.sum(), clients)


def slices(runs: int, total: int = 600_000, share: float = 0.1) -> dict[str, tuple[float, float, float]]:
    """Planted slices found, and runs with a false one, when the candidate's requests have doubled.

    Errors are planted in one of 4,000 slices, with 0.05% of the requests, from 1% to 30%. The
    others plant five of 500 customers (1%), whose durations, or whose durations above p90, are twice as long.
    """
    share_of = traffic()
    planted_pair = np.unravel_index(int(np.argmin(abs(share_of - 0.0005))), share_of.shape)
    open_end = [(total * share / 2 ** (8 - j), ALPHA / (j * (j + 1))) for j in range(1, 9)]
    known_end = [(total * share / 2 ** (3 - j), ALPHA / 4) for j in range(4)]
    rng = np.random.default_rng(19)
    usual = durations(rng, 400_000)
    thresholds = np.quantile(usual, [0.9, 0.99])
    plain = np.array([(usual > t).mean() for t in thresholds])
    floor = np.array([(usual > 1.05 * t).mean() for t in thresholds])
    tail = np.where(usual > thresholds[0], 2 * usual, usual)
    slow = {
        "p99 x2 for 1% of customers": np.array([(2 * usual > 1.05 * t).mean() for t in thresholds]),
        "above p90 x2 for 1% of customers": np.array([(tail > 1.05 * t).mean() for t in thresholds]),
    }
    out = {}
    kinds = {"errors, end not known": open_end, "errors, end known": known_end}
    kinds |= dict.fromkeys(slow, open_end)
    for at, (name, schedule) in enumerate(kinds.items()):
        of_errors = name.startswith("errors")
        found = false = quiet = 0
        rng = np.random.default_rng([19, at])
        for _ in range(runs):
            for plant in (True, False):
                target = np.zeros(share_of.shape, bool)
                if of_errors:
                    target[planted_pair] = plant
                    rate_b = np.where(target, 0.3, 0.01)
                    rates = [(np.full(share_of.shape, 0.01), rate_b)]
                else:
                    target[rng.choice(200, 5, replace=False)] = plant
                    rates = [
                        (np.full(share_of.shape, plain[k]), np.where(target, slow[name][k], floor[k]))
                        for k in range(2)
                    ]
                hits = _slices_found(rng, share_of, rates, schedule, share)
                right = (hits & target.any(axis=1)[:, None]) if not of_errors else hits & target
                if plant:
                    # Of planted customers: the part that is found, by itself or by one of its clients.
                    customers = target.any(axis=1)
                    found += float(right.any(axis=1)[customers].mean())
                    false += bool((hits & ~target.any(axis=1)[:, None]).any())
                else:
                    quiet += bool(hits.any())
        out[name] = (100 * found / runs, 100 * false / runs, 100 * quiet / runs)
    return out


def _slices_found(
    rng: np.random.Generator,
    share_of: np.ndarray,
    rates: list[tuple[np.ndarray, np.ndarray]],
    schedule: list[tuple[float, float]],
    share: float,
) -> np.ndarray:
    """Return which slices are discovered at any doubling, as customers x clients; a customer's own is in all."""
    shape = share_of.shape
    n_a, n_b = np.zeros(shape), np.zeros(shape)
    counts = [(np.zeros(shape), np.zeros(shape)) for _ in rates]
    found, before = np.zeros(shape, bool), 0.0
    for until, level in schedule:
        more = until - before
        before = until
        new_a, new_b = rng.poisson(more / share * (1 - share) * share_of), rng.poisson(more * share_of)
        n_a, n_b = n_a + new_a, n_b + new_b
        p, least = [], []
        for at, (rate_a, rate_b) in enumerate(rates):
            x_a = counts[at][0] + rng.binomial(new_a, rate_a)
            x_b = counts[at][1] + rng.binomial(new_b, rate_b)
            counts[at] = x_a, x_b
            for axis in (None, 1, 0):
                sums = [v if axis is None else v.sum(axis=axis) for v in (n_a, x_a, n_b, x_b)]
                each, smallest = exact_p(*(v.ravel() for v in sums))
                p.append(each)
                least.append(smallest)
        chosen = discoveries(np.concatenate(p), np.concatenate(least), level)
        size = share_of.size
        block = size + shape[0] + shape[1]
        for at, (x_a, x_b) in enumerate(counts):
            part = chosen[at * block : (at + 1) * block]
            for axis, hit in ((None, part[:size]), (1, part[size : size + shape[0]])):
                sums = [v if axis is None else v.sum(axis=axis) for v in (n_a, x_a, n_b, x_b)]
                a, xa, b, xb = (v.ravel() for v in sums)
                matters = (xb >= 3) & (xb * a >= 1.5 * xa * b)
                real = (hit & matters).reshape(shape if axis is None else (shape[0], 1))
                found |= real
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    if "errors" in given.only:
        for share in (0.1, 0.5):
            print(
                f"\nerrors, candidate {share:.0%} of 6,000 a minute: 1%->1%, 1%->2%, 0.1%->0.1%, 0.1%->0.3%, 1%->1.3%"
            )
            for name, cells in errors(given.runs, share).items():
                print(f"  {name:34s}" + "  ".join(f"{p:5.1f}% ({n:6.0f})" for p, n in cells), flush=True)
    if "ramp" in given.only:
        print("\nramp 1-5-25-50%: no change while rates rise x3, fall; x1.5 and x2 while they fall")
        for name, row in ramp(given.runs).items():
            print(f"  {name:34s}" + "  ".join(f"{p:5.1f}%" for p in row), flush=True)
    if "margins" in given.only:
        print("\nmargin larger of x1.5, +0.1pp: pass, regress, inconclusive")
        for name, words in margins(max(20, given.runs // 5)).items():
            print(f"  {name:34s}" + "  ".join(f"{p:5.1f}%" for p in words), flush=True)
    if "weights" in given.only:
        print("\nsampling: alarms at x1 and x2")
        for name, pair in weights(max(20, given.runs // 5)).items():
            print(f"  {name:34s}" + "  ".join(f"{p:5.1f}%" for p in pair), flush=True)
    if "latency" in given.only:
        print("\nlatency, 2,700 + 300 a minute: regress beyond +5%, pass at +20%")
        for name, pair in latency(given.runs).items():
            print(f"  {name:34s}" + "  ".join(f"{p:5.1f}%" for p in pair), flush=True)
    if "slices" in given.only:
        print("\nslices, 540,000 + 60,000 requests: found, runs with a false one, the same with none planted")
        for name, triple in slices(max(10, given.runs // 10)).items():
            print(f"  {name:34s}" + "  ".join(f"{p:5.1f}%" for p in triple), flush=True)


if __name__ == "__main__":
    main()
