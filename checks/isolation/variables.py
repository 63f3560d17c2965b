"""The environment that a script is run with: names known to be harmless, and no value that is an address."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

ALLOWED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "SHLVL", "HOSTNAME", "TMPDIR", "TMP", "TEMP",
    "LANG", "LANGUAGE", "LC_*", "LOCALE_ARCHIVE", "TZ", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR",
    "FORCE_COLOR", "CI", "EDITOR", "PAGER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
    "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHON*", "PYENV_*", "NODE_PATH", "NVM_*", "GEM_HOME", "GEM_PATH",
    "RUBYLIB", "RBENV_*", "PERL5LIB", "GOPATH", "GOROOT", "GOCACHE", "CARGO_HOME", "RUSTUP_HOME", "JAVA_HOME", "ASDF_*",
    "MISE_*", "NIX_PATH", "NIX_PROFILES", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH",
)
"""Variables that programs need to be found and to run, as names or patterns."""
_ADDRESS = re.compile(r"""
    [a-z][a-z0-9+.-]* :// (?! /? $)                              # postgresql://, postgresql+psycopg2://, amqp://, https://
  | \b (?: jdbc | odbc | oracle | sqlserver ) :                  # jdbc:postgresql:…, jdbc:oracle:thin:…
  | \b (?: host | hostaddr | dbname | service | server | data\ source | database | user | user\ id | uid | password | pwd )
    \s* = \s* \S                                                 # host=db dbname=x; Server=db;Database=x
  | \A [\w.%+-]+ : [^\s/]* @ [\w(.-] [^\s]* \Z                # user:secret@tcp(db:3306)/x
  | \A [\w.%+-]+ / [^\s/:]+ @ [\w/.:-]+ \Z                   # user/secret@//db/x
""", re.VERBOSE | re.IGNORECASE)


def harmless(base: Mapping[str, str]) -> dict[str, str]:
    """What of `base` may be handed on."""
    return {name: value for name, value in base.items()
            if any(fnmatch.fnmatchcase(name, allowed) for allowed in ALLOWED) and not is_address(value)}


def is_address(value: str) -> bool:
    """Whether a value is, or holds, a URL or a DSN of any shape that a driver takes."""
    return bool(_ADDRESS.search(value))
