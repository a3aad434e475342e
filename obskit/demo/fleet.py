"""The fleet of the demo: services, their versions, and the pods they run in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.demo.draw import Array

REGIONS = ("eu-central-1", "eu-west-1", "eu-north-1")
EDGE_SITES = ("fra2", "lhr1", "arn1")
OLD, NEW = 0, 1
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # the characters that Kubernetes uses in names of pods


@dataclass(frozen=True)
class Service:
    """A service: its two versions of the day (equal where nothing was deployed), and how it runs."""

    name: str
    versions: tuple[str, str]
    language: str
    runtime: tuple[str, str]
    team: str
    per_zone: int


SERVICES = (
    Service("edge", ("1.31.2", "1.31.2"), "cpp", ("envoy", "1.31.2"), "platform", 1),
    Service("gateway", ("3.9.0", "3.9.0"), "go", ("go", "1.24.2"), "platform", 2),
    Service("search", ("6.1.3", "6.1.4"), "java", ("OpenJDK Runtime Environment", "21.0.6"), "journey", 3),
    Service("seatmap", ("4.0.11", "4.0.11"), "go", ("go", "1.24.2"), "inventory", 2),
    Service("booking", ("2.3.7", "2.4.0"), "java", ("OpenJDK Runtime Environment", "21.0.6"), "checkout", 2),
    Service("payment", ("1.18.2", "1.18.2"), "dotnet", (".NET", "9.0.4"), "checkout", 1),
    Service("notification", ("1.7.5", "1.7.6"), "nodejs", ("nodejs", "22.14.0"), "engagement", 1),
)
SERVICE = {service.name: i for i, service in enumerate(SERVICES)}
_ZONES = "abc"
_NODES_PER_ZONE = 3
_HOST_TYPES = {"a": ("m7i.2xlarge", "amd64"), "b": ("m7g.2xlarge", "arm64"), "c": ("m7i.2xlarge", "amd64")}


def _digest(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def _letters(count: int, *parts: object) -> str:
    number = int(_digest(*parts), 16)
    out = []
    for _ in range(count):
        number, digit = divmod(number, len(_ALPHABET))
        out.append(_ALPHABET[digit])
    return "".join(out)


def commit(service: str, version: str) -> str:
    """Return the revision that a version of a service was built from."""
    return _digest("commit", service, version)[:12]


def image_tag(service: str, version: str) -> str:
    """Return the image tag of a version of a service."""
    return f"{version}-{commit(service, version)[:7]}"


def _uuid(*parts: object) -> str:
    d = _digest(*parts)
    return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:32]}"


def _edge(region: int, zone: str) -> dict[str, Any]:
    host = f"edge-{EDGE_SITES[region]}-{zone}1"
    return {
        "host.name": host,
        "host.type": "c7gn.xlarge",
        "host.arch": "arm64",
        "service.instance.id": _uuid(host),
        "edge.site": EDGE_SITES[region],
    }


def _pod(service: Service, version: str, region: int, zone: str, replica: int) -> dict[str, Any]:
    replicaset = f"{service.name}-{_letters(9, service.name, version)}"
    pod = f"{replicaset}-{_letters(5, replicaset, region, zone, replica)}"
    slot = int(_digest(pod), 16) % _NODES_PER_ZONE
    node = f"ip-10-{20 + region * 10 + _ZONES.index(zone)}-{slot * 37 + 11}-{(slot * 91 + 54) % 251}"
    host_type, arch = _HOST_TYPES[zone]
    return {
        "k8s.cluster.name": f"prod-{REGIONS[region]}",
        "k8s.namespace.name": service.team,
        "k8s.deployment.name": service.name,
        "k8s.replicaset.name": replicaset,
        "k8s.pod.name": pod,
        "k8s.node.name": f"{node}.{REGIONS[region]}.compute.internal",
        "host.type": host_type,
        "host.arch": arch,
        "container.image.name": f"registry.railhop.example/{service.team}/{service.name}",
        "container.image.tag": image_tag(service.name, version),
        "service.instance.id": _uuid(pod),
        "process.runtime.name": service.runtime[0],
        "process.runtime.version": service.runtime[1],
        "vcs.ref.head.revision": commit(service.name, version),
    }


class Fleet:
    """All pods. A pod number identifies the resource of a row.

    Attributes:
        fields: name -> pa.Array with a value (or null) for each pod.
        markers: service name -> number of a pod that runs nothing; its resource is on the deployment markers.
    """

    def __init__(self) -> None:
        pods: list[dict[str, Any]] = []
        shape = (len(SERVICES), 2, len(REGIONS))
        self._first = np.zeros(shape, dtype=np.int64)
        self._count = np.zeros(shape, dtype=np.int64)
        for s, service in enumerate(SERVICES):
            for v, version in enumerate(service.versions):
                for r in range(len(REGIONS)):
                    self._first[s, v, r] = len(pods)
                    for zone in _ZONES:
                        for replica in range(service.per_zone):
                            own = (
                                _edge(r, zone)
                                if service.name == "edge"
                                else _pod(service, version, r, zone, replica)
                            )
                            pods.append(_common(service, version) | _place(r, zone) | own)
                    self._count[s, v, r] = len(pods) - self._first[s, v, r]
        self.markers: dict[str, int] = {}
        for service in SERVICES:
            self.markers[service.name] = len(pods)
            pods.append(_common(service, service.versions[NEW]))
        names = dict.fromkeys(name for pod in pods for name in pod)
        self.fields = {name: pa.array([pod.get(name) for pod in pods], pa.string()) for name in names}

    def pods(self, service: str, version: Array | int, region: Array, spread: Array) -> Array:
        """Choose a pod for each request.

        Args:
            service: name of the service.
            version: OLD or NEW, for all requests or for each.
            region: number of the region of each request.
            spread: random uint16 for each request; chooses among the pods of the version and region.

        Returns:
            The pod number of each request.
        """
        s = SERVICE[service]
        first, count = self._first[s, version, region], self._count[s, version, region]
        number: Array = first + ((spread.astype(np.int64) * count) >> 16)
        return number


def _common(service: Service, version: str) -> dict[str, Any]:
    return {
        "service.name": service.name,
        "service.version": version,
        "service.namespace": "railhop",
        "deployment.environment.name": "production",
        "telemetry.sdk.language": service.language,
    }


def _place(region: int, zone: str) -> dict[str, Any]:
    return {
        "cloud.provider": "aws",
        "cloud.account.id": "204981736651",
        "cloud.region": REGIONS[region],
        "cloud.availability_zone": REGIONS[region] + zone,
    }
