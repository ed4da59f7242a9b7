from __future__ import annotations

from collections.abc import Iterable

from scanner.facts import fact
from scanner.inspectors.servers import make
from scanner.link.settings import link
from scanner.link.world import FactIndex, Linked, World
from scanner.model import Fact, FactKind, ImageConfig
from tests.unit.inspectors.files import seen
from tests.unit.link.worlds import LINUX, elf, rules, tree

INSPECTOR = make(rules())
CHACHA = "ssl_ciphers ECDHE-RSA-CHACHA20-POLY1305;"


def image(
    files: dict[str, str],
    command: tuple[str, ...] = ("nginx", "-g", "daemon off;"),
    links: Iterable[tuple[str, str]] = (),
    programs: tuple[str, ...] = ("/usr/sbin/nginx",),
    env: tuple[tuple[str, str], ...] = (),
    more: tuple[Fact, ...] = (),
) -> Linked:
    stated = [each for path, text in files.items() for each in seen(INSPECTOR, path, text)]
    facts = [each for each in stated if isinstance(each, Fact)]
    facts += [*(elf(path) for path in programs), *more]
    config = ImageConfig(LINUX, entrypoint=command, env=env)
    view = tree({*files, *programs, *(each.path for each in more)}, links)
    return link(World(FactIndex(facts), view, config, rules()))


def told(linked: Linked, *, written: bool = True) -> list[tuple[str, str, str]]:
    return [
        (each.path, each.text("line"), each.text("reached"))
        for each in linked.facts
        if each.flag("written") is written
    ]


def test_what_the_started_program_reads_is_in_effect() -> None:
    linked = image({"/etc/nginx/nginx.conf": f"server {{\nlisten 443 ssl;\n{CHACHA}\n}}"})
    (only,) = linked.facts
    assert only.kind is FactKind.SETTING_IN_EFFECT
    assert only.text("reached") == "started"
    assert only.text("program") == "/usr/sbin/nginx"
    assert only.flag("only_unapproved")


def test_nothing_is_in_effect_without_the_program() -> None:
    linked = image({"/etc/nginx/nginx.conf": f"listen 443 ssl; {CHACHA}"}, programs=())
    assert linked == Linked()


def test_another_command_leaves_it_installed() -> None:
    linked = image({"/etc/nginx/nginx.conf": f"listen 443 ssl; {CHACHA}"}, command=("sleep", "1"))
    assert told(linked) == [("/etc/nginx/nginx.conf", "1", "installed")]


def test_without_tls_nothing_is_in_effect() -> None:
    """Debian's nginx.conf names old protocols, and no server in it speaks TLS."""
    text = "http { ssl_protocols TLSv1 TLSv1.1 TLSv1.2; server { listen 80; } }"
    assert told(image({"/etc/nginx/nginx.conf": text})) == [("/etc/nginx/nginx.conf", "1", "no")]


def test_a_server_overrides_what_stands_around_it() -> None:
    text = f"http {{\n{CHACHA}\nserver {{ listen 443 ssl;\nssl_ciphers ECDHE+AESGCM; }} }}"
    path = "/etc/nginx/nginx.conf"
    assert told(image({path: text})) == [(path, "2", "no"), (path, "4", "started")]
    both = text.replace("} }", "} server { listen 444 ssl; } }")
    assert told(image({path: both})) == [(path, "2", "started"), (path, "4", "started")]


def test_sites_count_where_they_are_enabled() -> None:
    files = {
        "/etc/nginx/nginx.conf": "http { include /etc/nginx/sites-enabled/*; }",
        "/etc/nginx/sites-available/one": f"server {{ listen 443 ssl; {CHACHA} }}",
        "/etc/nginx/sites-available/two": f"server {{ listen 444 ssl; {CHACHA} }}",
    }
    linked = image(files, links=[("/etc/nginx/sites-enabled/one", "../sites-available/one")])
    assert told(linked) == [
        ("/etc/nginx/sites-available/one", "1", "started"),
        ("/etc/nginx/sites-available/two", "1", "no"),
    ]


def test_blocks_reach_into_included_files() -> None:
    files = {
        "/etc/nginx/nginx.conf": "http { ssl_protocols TLSv1.1; include conf.d/*.conf; }",
        "/etc/nginx/conf.d/a.conf": "server { listen 443 ssl; include snippets/tls.conf; }",
        "/etc/nginx/snippets/tls.conf": "ssl_protocols TLSv1;",
    }
    assert told(image(files)) == [
        ("/etc/nginx/nginx.conf", "1", "no"),
        ("/etc/nginx/snippets/tls.conf", "1", "started"),
    ]


def test_the_command_names_another_file() -> None:
    files = {
        "/etc/nginx/nginx.conf": f"listen 443 ssl; {CHACHA}",
        "/srv/nginx-edge.conf": f"listen 444 ssl; {CHACHA}",
    }
    linked = image(files, command=("nginx", "-c", "/srv/nginx-edge.conf"))
    assert told(linked) == [
        ("/etc/nginx/nginx.conf", "1", "installed"),
        ("/srv/nginx-edge.conf", "1", "started"),
    ]


def test_a_file_that_nobody_read_is_a_gap() -> None:
    files = {"/etc/nginx/nginx.conf": "http { include /srv/tls.snippet; }"}
    other = fact(FactKind.SCRIPT, "/srv/tls.snippet", interpreter="sh", mentions=(), steps=())
    (gap,) = image(files, more=(other,)).gaps
    assert gap.subject == "/srv/tls.snippet"
    assert gap.caps
    assert "nginx" in gap.reason


def test_includes_that_go_in_circles_end() -> None:
    files = {
        "/etc/nginx/nginx.conf": f"include a.conf; listen 443 ssl; {CHACHA}",
        "/etc/nginx/a.conf": "include nginx.conf;",
    }
    assert told(image(files)) == [("/etc/nginx/nginx.conf", "1", "started")]


def test_defaults_count_where_tls_is_on_and_nothing_is_written() -> None:
    path = "/etc/nginx/nginx.conf"
    linked = image({path: "server {\nlisten 443 ssl;\nssl_protocols TLSv1.2;\n}"})
    (default,) = [each for each in linked.facts if not each.flag("written")]
    assert default.text("directive") == "ssl_ciphers"
    assert default.text("line") == "2"
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256" in default.texts("unapproved")
    assert told(image({path: "listen 443 ssl; ssl_ciphers ECDHE+AESGCM;"}), written=False) == []
    assert told(image({path: "listen 80; ssl_protocols TLSv1.2;"}), written=False) == []


def test_a_setting_of_red_hats_policy_is_no_default() -> None:
    linked = image({"/etc/nginx/nginx.conf": "listen 443 ssl; ssl_ciphers PROFILE=SYSTEM;"})
    assert [each for each in linked.facts if each.texts("unapproved")] == []


def test_the_command_and_the_environment_set_as_well() -> None:
    command = ("postgres", "-c", "ssl=on", "-c", "ssl_ciphers=AES128-SHA:ECDHE+AESGCM")
    (only,) = image({}, command=command, programs=("/usr/lib/postgresql/15/bin/postgres",)).facts
    assert only.path == ""
    assert (only.text("directive"), only.text("reached")) == ("-c ssl_ciphers", "started")
    assert only.texts("unapproved") == ("TLS_RSA_WITH_AES_128_CBC_SHA",)


def test_of_merged_files_the_last_one_counts() -> None:
    files = {
        "/etc/mysql/my.cnf": "[mysqld]\nssl_cipher = AES128-SHA\n!includedir /etc/mysql/conf.d/\n",
        "/etc/mysql/conf.d/tls.cnf": "[mysqld]\nssl_cipher = ECDHE-RSA-AES128-GCM-SHA256\n",
    }
    linked = image(files, command=("mysqld",), programs=("/usr/sbin/mysqld",))
    assert told(linked) == [
        ("/etc/mysql/conf.d/tls.cnf", "2", "started"),
        ("/etc/mysql/my.cnf", "2", "no"),
    ]


def test_global_defaults_of_haproxy_need_a_port_with_tls() -> None:
    text = "global\n ssl-default-bind-ciphers AES128-SHA\nfrontend web\n bind :443{}\n"
    for ssl, reached in ((" ssl crt /x", "started"), ("", "no")):
        linked = image(
            {"/etc/haproxy/haproxy.cfg": text.format(ssl)},
            command=("haproxy", "-f", "/etc/haproxy/haproxy.cfg"),
            programs=("/usr/sbin/haproxy",),
        )
        assert told(linked) == [("/etc/haproxy/haproxy.cfg", "2", reached)]


def test_apache_takes_conditions_for_fulfilled() -> None:
    files = {
        "/etc/apache2/apache2.conf": "IncludeOptional mods-enabled/*.conf\nInclude sites/\n",
        "/etc/apache2/mods-enabled/ssl.conf": (
            "<IfModule mod_ssl.c>\nSSLProtocol all -SSLv3\n</IfModule>\n"
        ),
        "/etc/apache2/sites/a.conf": "<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n",
    }
    linked = image(files, command=("apache2ctl",), programs=("/usr/sbin/apache2ctl",))
    assert told(linked) == [("/etc/apache2/mods-enabled/ssl.conf", "2", "started")]
    del files["/etc/apache2/sites/a.conf"]
    linked = image(files, command=("apache2ctl",), programs=("/usr/sbin/apache2ctl",))
    assert told(linked) == [("/etc/apache2/mods-enabled/ssl.conf", "2", "no")]


def test_values_of_options_are_no_configuration() -> None:
    files = {"/etc/redis/redis.conf": "tls-port 6380\ntls-ciphers AES128-SHA\n", "/c.pem": "x"}
    path = "/etc/redis/redis.conf"
    program = ("/usr/bin/redis-server",)
    named = image(files, command=("redis-server", path, "--port", "0"), programs=program)
    assert told(named) == [(path, "2", "started")]
    command = ("redis-server", "--tls-cert-file", "/c.pem")
    other = image(files, command=command, programs=program)
    assert told(other) == [(path, "2", "started")]
    assert other.gaps == ()


def test_settings_of_a_library_are_in_effect_for_programs_that_are_linked_with_it() -> None:
    text = "[a]\nssl_conf = b\n[system_default_sect]\nMinProtocol = TLSv1\n"
    path = "/etc/ssl/openssl.cnf"
    facts = (
        elf("/usr/lib/libssl.so.3", linkage="shared-object"),
        elf("/usr/bin/serve", "libssl.so.3", "libc.so.6"),
        elf("/usr/bin/sleep", "libc.so.6"),
    )
    for program, reached in (("serve", "started"), ("sleep", "installed")):
        linked = image({path: text}, command=(f"/usr/bin/{program}",), programs=(), more=facts)
        assert told(linked) == [(path, "4", reached)]


def test_a_value_that_is_filled_in_later_is_a_gap() -> None:
    text = "listen 443 ssl;\nssl_ciphers $CIPHERS;\nssl_protocols TLSv1.2 NONSENSE;"
    (gap,) = image({"/etc/nginx/nginx.conf": text}).gaps
    assert gap.reason == "what ssl_ciphers in line 2 allows is unknown: $CIPHERS"
    assert not gap.caps
    assert image({"/etc/nginx/nginx.conf": text}, command=("sleep", "1")).gaps == ()


def test_a_default_file_may_be_a_link() -> None:
    """Debian's /etc/mysql/my.cnf leads to mariadb.cnf, through /etc/alternatives."""
    path = "/etc/mysql/mariadb.cnf"
    linked = image(
        {path: "[mysqld]\nssl_cipher = AES128-SHA\n"},
        command=("mariadbd",),
        programs=("/usr/sbin/mariadbd",),
        links=[
            ("/etc/mysql/my.cnf", "/etc/alternatives/my.cnf"),
            ("/etc/alternatives/my.cnf", path),
        ],
    )
    assert told(linked) == [(path, "2", "started")]


def test_one_group_spoils_a_list_of_openssl() -> None:
    path = "/etc/nginx/nginx.conf"
    for curves, refused in (("X25519:P-256", True), ("?X25519:P-256", False), ("P-256", False)):
        facts = image({path: f"ssl_ecdh_curve {curves}; listen 443 ssl;"}).facts
        (groups,) = [each for each in facts if each.flag("written")]
        assert groups.text("topic") == "groups"
        assert groups.flag("refused") is refused
    caddy = {"/etc/caddy/Caddyfile": "a.example {\n tls {\n curves x25519 secp256r1\n }\n}"}
    (only,) = image(caddy, command=("caddy", "run"), programs=("/usr/bin/caddy",)).facts
    assert only.texts("unapproved") == ("x25519",)
    assert not only.flag("refused")


def test_what_modules_still_serve_is_not_refused() -> None:
    path = "/etc/nginx/nginx.conf"
    for ciphers, refused in (
        ("AES128-GCM-SHA256", False),
        ("ECDHE-RSA-CHACHA20-POLY1305", True),
        ("ECDHE-RSA-CHACHA20-POLY1305:AES128-SHA", False),
    ):
        (suites,) = image({path: f"ssl_ciphers {ciphers}; listen 443 ssl;"}).facts
        assert suites.flag("refused") is refused
