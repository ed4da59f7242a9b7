from __future__ import annotations

import time

import pytest

from scanner.formats.config_model import MAX_DIRECTIVES, ConfigError, Directive
from scanner.formats.config_syntaxes import SYNTAXES, parse_config


def read(syntax: str, text: str) -> list[tuple[str, str, int, str]]:
    return [
        (each.name, each.value, each.line, " > ".join(each.blocks))
        for each in parse_config(syntax, text)
    ]


def test_nginx() -> None:
    text = """user www; # comment
http {
    log_format main '$remote_addr "$request"
        {}';
    server { listen 443 ssl; location ~ "x{2}" { return 200; } }
    set $x ${y}z;
}
ssl_ciphers A:\\
B;"""
    assert read("nginx", text) == [
        ("user", "www", 1, ""),
        ("log_format", 'main $remote_addr "$request"\n        {}', 3, "http"),
        ("listen", "443 ssl", 5, "http > server"),
        ("return", "200", 5, "http > server > location ~ x{2}"),
        ("set", "$x ${y}z", 6, "http"),
        ("ssl_ciphers", "A: B", 8, ""),
    ]


def test_nginx_blocks_are_told_apart() -> None:
    first, second = parse_config("nginx", "server { a 1; } server { a 2; }")
    assert first.blocks == second.blocks
    assert first.scope != second.scope


def test_programs_of_openresty_are_no_directives() -> None:
    text = """server {
    content_by_lua_block {
        -- a brace } in a comment
        local t = { "}", 'ssl_protocols TLSv1;' }
    }
    ssl_protocols TLSv1.2;
}"""
    assert read("nginx", text) == [("ssl_protocols", "TLSv1.2", 6, "server")]


def test_braces() -> None:
    text = """# Vault
listener "tcp" {
  tls_min_version = "tls12"
  tls_cipher_suites = ["A",
    "B"]
}
/* two
lines */ ssl_cipher_list = ALL:!DH // rest
tls local { protocols { TLSv1.2; }; };
"""
    assert read("braces", text) == [
        ("tls_min_version", "tls12", 3, "listener tcp"),
        ("tls_cipher_suites", '["A", B ]', 4, "listener tcp"),
        ("ssl_cipher_list", "ALL:!DH", 8, ""),
        ("TLSv1.2", "", 9, "tls local > protocols"),
    ]


def test_caddyfile() -> None:
    text = """{
	email me@example.com
}
{$SITE} {
	tls {
		protocols tls1.2 tls1.3
	}
	respond "{http.request.host}"
}"""
    assert read("caddyfile", text) == [
        ("email", "me@example.com", 2, ""),
        ("protocols", "tls1.2 tls1.3", 6, "{$SITE} > tls"),
        ("respond", "{http.request.host}", 8, "{$SITE}"),
    ]


def test_apache() -> None:
    text = """SSLCipherSuite TLSv1.3 \\
  "A:B"
<IfModule mod_ssl.c>
  <VirtualHost *:443>
    SSLProtocol all -SSLv3
  </VirtualHost>
</IfModule>
# SSLProtocol none
"""
    assert read("apache", text) == [
        ("SSLCipherSuite", "TLSv1.3 A:B", 1, ""),
        ("SSLProtocol", "all -SSLv3", 5, "VirtualHost *:443"),
    ]


def test_haproxy() -> None:
    text = """global
    ssl-default-bind-ciphers A:B # why
frontend web
    bind :443 ssl crt /x\\ y ciphers 'C:D'
"""
    assert read("haproxy", text) == [
        ("ssl-default-bind-ciphers", "A:B", 2, "global"),
        ("bind", ":443 ssl crt /x y ciphers C:D", 4, "frontend web"),
    ]


def test_words_and_assignments() -> None:
    assert read("words", 'tls-ciphers "A:B"\n;x\nport 0 # c\n') == [
        ("tls-ciphers", "A:B", 1, ""),
        ("port", "0", 3, ""),
    ]
    text = "ssl_ciphers = 'HIGH:!aNULL' # x\n  ssl on\nlog = 'a=b'\nmode: strict\n"
    assert read("assignments", text) == [
        ("ssl_ciphers", "HIGH:!aNULL", 1, ""),
        ("ssl", "on", 2, ""),
        ("log", "a=b", 3, ""),
        ("mode", "strict", 4, ""),
    ]
    assert read("folded", "a = b,\n  c\n# x\n d\ne=f") == [
        ("a", "b, c d", 1, ""),
        ("e", "f", 5, ""),
    ]


def test_ini() -> None:
    text = "[mysqld]\nssl-cipher=A:B\nskip-ssl\n[ global ]\nserver min protocol = SMB2\n"
    assert read("ini", text) == [
        ("ssl-cipher", "A:B", 2, "mysqld"),
        ("skip-ssl", "", 3, "mysqld"),
        ("server min protocol", "SMB2", 5, "global"),
    ]


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("yaml", "tls:\n  min: '1.0'\n  suites: [A, B]\nlist:\n  - name: x\n    on: yes\n"),
        (
            "json",
            '{"tls": {\n "min": "1.0",\n "suites": ["A", "B"]},\n"list": [\n{"name": "x",\n'
            '"on": true}]}',
        ),
        ("toml", '[tls]\nmin = "1.0"\nsuites = ["A", "B"]\n\n[[list]]\nname = "x"\non = true\n'),
    ],
)
def test_trees(syntax: str, text: str) -> None:
    found = [(name, value) for name, value, _, _ in read(syntax, text)]
    assert found == [
        ("tls.min", "1.0"),
        ("tls.suites", "A B"),
        ("list.name", "x"),
        ("list.on", "yes" if syntax == "yaml" else "true"),
    ]
    assert [line for _, _, line, _ in read(syntax, text)] == {
        "yaml": [2, 3, 5, 6],
        "json": [2, 3, 5, 6],
        "toml": [2, 3, 6, 7],
    }[syntax]


def test_keys_with_dots_are_the_same_as_nested_ones() -> None:
    assert [each.name for each in parse_config("yaml", "a.b: {c: 1}\n")] == ["a.b.c"]


def test_properties() -> None:
    assert read("properties", "# x\nssl.protocol=TLSv1.2\\\n  ,TLSv1.3\n") == [
        ("ssl.protocol", "TLSv1.2,TLSv1.3", 2, "")
    ]


def test_xml() -> None:
    text = """<?xml version="1.0" encoding="ISO-8859-1"?>
<Server>
  <Connector port="8443">
    <Set name="Excluded"><Item>A</Item></Set>
  </Connector>
</Server>"""
    assert read("xml", text) == [
        ("Connector@port", "8443", 3, "Server > Connector"),
        ("Set@name", "Excluded", 4, "Server > Connector > Set Excluded"),
        ("Item", "A", 4, "Server > Connector > Set Excluded"),
    ]


def test_entities_are_refused() -> None:
    with pytest.raises(ConfigError, match="entities"):
        parse_config("xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')


@pytest.mark.parametrize("syntax", sorted(SYNTAXES))
@pytest.mark.parametrize(
    "text",
    [
        "{" * 5000,
        "[" * 5000,
        "}" * 5000,
        "<a>" * 5000,
        '"' * 5001,
        "\\\n" * 5000,
        "$" * 5000 + "{",
        "a " * 50_000,
        "\n".join(f"a{i} b;" for i in range(MAX_DIRECTIVES + 10)),
        "x by_lua_block { " * 2000,
    ],
)
def test_hostile_text_is_read_or_refused_in_time(syntax: str, text: str) -> None:
    started = time.perf_counter()
    try:
        found = parse_config(syntax, text)
    except ConfigError:
        found = ()
    assert len(found) <= MAX_DIRECTIVES
    assert all(isinstance(each, Directive) for each in found)
    assert time.perf_counter() - started < 5


def test_aliases_of_yaml_cannot_grow_without_end() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(ConfigError):
        parse_config("yaml", "\n".join(lines))
