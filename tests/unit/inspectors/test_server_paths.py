from __future__ import annotations

import re

from scanner.inspectors.server_paths import ConfigPaths
from tests.unit.link.worlds import rules

PATHS = (
    "/etc/nginx/nginx.conf",
    "/etc/nginx/sites-available/default",
    "/srv/my-nginx.conf",
    "/etc/postgresql/15/main/pg_hba.conf",
    "/usr/share/postgresql/postgresql.conf.sample",
    "/etc/envoy/envoy.yaml",
    "/x/traefik.toml",
    "/etc/caddy/Caddyfile",
    "/root/.curlrc",
    "/etc/gitconfig",
    "/home/a/.gitconfig",
    "/app/config/application-prod.yml",
    "/vault/config/x.hcl",
    "/etc/rabbitmq/advanced.config",
    "/usr/lib/python3/os.py",
    "/",
)


def test_sorting_by_extension_loses_nothing() -> None:
    servers = rules().servers
    paths = ConfigPaths(servers)
    for path in PATHS:
        expected = {
            each.id
            for each in servers.values()
            if any(re.fullmatch(pattern, path) for pattern in (*each.files, *each.also))
        }
        assert paths.owners(path) == expected, path
    assert paths.owners("/etc/nginx/nginx.conf") == {"nginx"}


def test_without_servers_nothing_is_wanted() -> None:
    assert ConfigPaths({}).owners("/etc/nginx/nginx.conf") == set()
