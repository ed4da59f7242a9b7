from __future__ import annotations

from scanner.formats.config_model import MAX_TEXT
from scanner.inspectors.servers import make
from scanner.model import Fact
from tests.unit.inspectors.files import seen, wants
from tests.unit.link.worlds import rules

INSPECTOR = make(rules())
NGINX = """http {
    ssl_protocols TLSv1.2;
    server {
        listen 443 ssl;
        ssl_ciphers ECDHE+CHACHA20;
        ssl_ciphers ECDHE+AESGCM:AES128-SHA;
    }
    include conf.d/*.conf;
}
"""


def settings(path: str, text: str) -> list[Fact]:
    found = seen(INSPECTOR, path, text)
    assert all(isinstance(each, Fact) for each in found)
    return [each for each in found if isinstance(each, Fact)]


def test_states_each_directive_with_its_line_and_block() -> None:
    found = settings("/etc/nginx/nginx.conf", NGINX)
    assert [(each.text("topic"), each.text("directive"), each.text("line")) for each in found] == [
        ("protocols", "ssl_protocols", "2"),
        ("switch", "listen", "4"),
        ("suites", "ssl_ciphers", "6"),
        ("include", "include", "8"),
    ]
    suites = found[2]
    assert suites.text("block") == "http > server"
    assert suites.texts("unapproved") == ("TLS_RSA_WITH_AES_128_CBC_SHA",)
    assert not suites.flag("only_unapproved")
    assert suites.evidence == (
        "/etc/nginx/nginx.conf:6 ssl_ciphers ECDHE+AESGCM:AES128-SHA allows "
        "TLS_RSA_WITH_AES_128_CBC_SHA, write: ssl_ciphers ECDHE+AESGCM;",
    )
    assert found[0].evidence == ("/etc/nginx/nginx.conf:2 ssl_protocols TLSv1.2",)


def test_says_what_it_could_not_read() -> None:
    (only,) = settings("/etc/nginx/nginx.conf", "ssl_protocols " + "x" * 30_000 + ";")
    assert (only.text("topic"), only.text("value")) == ("unread", "line 1 is too long")
    (large,) = settings("/etc/nginx/nginx.conf", "# ssl\n" + "#" * MAX_TEXT)
    assert large.text("value") == "1,048,582 bytes are too many for a configuration"


def test_wants_configurations_alone() -> None:
    assert wants(INSPECTOR, "/etc/nginx/conf.d/site.conf", b"server {}")
    assert wants(INSPECTOR, "/srv/app/nginx.conf", b"server {}")
    assert not wants(INSPECTOR, "/etc/nginx/conf.d/site.conf", b"\0\1")
    assert not wants(INSPECTOR, "/usr/share/doc/nginx/nginx.conf", b"server {}")
    assert not wants(INSPECTOR, "/usr/lib/python3/site.py", b"import ssl")


def test_text_without_a_hint_says_nothing() -> None:
    assert settings("/etc/nginx/mime.types", "types { text/html html; }") == []
