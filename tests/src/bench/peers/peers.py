"""One peer copies the events into an SQLite file of its own: peers.py <peer> <url> <columns> <rows> <file>.

Prints one line of JSON: rows and seconds, or why it cannot. Columns come as a list separated by commas; 0 rows
means all.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time

peer, url, columns, limit, path = sys.argv[1:6]
names = columns.split(",")
limit = f" limit {limit}" if limit != "0" else ""
query = f"select {', '.join(names)} from steward.usage_events{limit}"
beside = os.path.dirname(sys.executable)


def as_text(*types):
    """The query with columns that the peer cannot carry in another form."""
    return ", ".join(f"{name}::text as {name}" if name in types else name for name in names)


def duckdb():
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("postgres_scanner")
    import_extension("sqlite_scanner")
    connection = duckdb.connect()
    connection.execute("load postgres_scanner")
    connection.execute("load sqlite_scanner")
    connection.execute(f"attach '{url}' as server (type postgres, read_only)")
    connection.execute(f"attach '{path}' as copy (type sqlite)")
    yield
    # DuckDB writes uuids as text: its SQLite files know no such type.
    connection.execute(
        f"create table copy.usage_events as select {as_text(*UUIDS)} from server.steward.usage_events{limit}"
    )
    connection.close()


def adbc():
    import adbc_driver_postgresql.dbapi
    import adbc_driver_sqlite.dbapi

    source = adbc_driver_postgresql.dbapi.connect(url)
    target = adbc_driver_sqlite.dbapi.connect(path)
    yield
    with source.cursor() as read, target.cursor() as write:
        read.execute(f"select {as_text('cost', *UUIDS)} from steward.usage_events{limit}")
        write.adbc_ingest("usage_events", read.fetch_record_batch(), mode="create")
    target.commit()
    source.close()
    target.close()


def psql():
    command = (
        f"psql -qX {shlex.quote(url)} -c {shlex.quote(f'copy ({query}) to stdout (format csv)')}"
        f" | sqlite3 {shlex.quote(path)} 'create table usage_events ({columns})'"
        " '.mode csv' '.import /dev/stdin usage_events'"
    )
    yield
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True)


def ogr2ogr():
    command = ["ogr2ogr", "-f", "SQLite", path, f"PG:{url}", "-sql", query, "-nln", "usage_events", "-gt", "65536"]
    yield
    subprocess.run(command, check=True, capture_output=True)


def db_to_sqlite():
    # It asks the driver by its own name for Postgres.
    source = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    text = f"select {as_text('cost', *UUIDS)} from steward.usage_events{limit}"
    command = [f"{beside}/db-to-sqlite", source, path, "--sql", text, "--output", "usage_events"]
    yield
    subprocess.run(command, check=True, capture_output=True)


def sling():
    # The package's own program; the package `sling` would download another one when first called.
    import sling_linux_amd64

    program = os.path.join(os.path.dirname(sling_linux_amd64.__file__), "bin", "sling-linux-amd64")
    command = [program, "run", "--src-conn", url, "--src-stream", query]
    command += ["--tgt-conn", f"sqlite://{path}", "--tgt-object", "main.usage_events", "--mode", "full-refresh"]
    yield
    subprocess.run(command, check=True, capture_output=True)


UUIDS = ("user_id", "event_key", "team_id", "api_key_id", "campaign_id")
NEEDED = {"psql": ["psql", "sqlite3"], "ogr2ogr": ["ogr2ogr"]}

try:
    for program in NEEDED.get(peer, []):
        if not shutil.which(program):
            raise RuntimeError(f"{program} is not installed")
    work = globals()[peer]()
    next(work)
    start = time.monotonic()
    next(work, None)
    seconds = time.monotonic() - start
    import sqlite3

    rows = sqlite3.connect(path).execute("select count(*) from usage_events").fetchone()[0]
    print(json.dumps({"rows": rows, "seconds": seconds, "bytes": os.path.getsize(path)}))
except subprocess.CalledProcessError as error:
    said = ((error.stderr or b"") + (error.stdout or b"")).decode(errors="replace").strip().splitlines()
    print(json.dumps({"failed": said[-1][:200] if said else f"ended with {error.returncode}"}))
except Exception as error:
    print(json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200]}))
