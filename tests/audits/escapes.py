"""A script that tries to get out, and fails: python escapes.py AIMS SAID.

AIMS is a JSON file: attempt -> the words that stand in its command in braces. SAID becomes one: attempt -> what it said.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

FETCH = f"{sys.executable} {Path(__file__).with_name('fetch.py')}"
CURL = "curl -sm 5 http://127.0.0.1:{port}/" if shutil.which("curl") else f"{FETCH} 127.0.0.1 {{port}}"
CLEAN = "env -i HOME=$HOME PATH=$PATH"
STS = (f"{sys.executable} -c \"import boto3, botocore.config as c; boto3.client('sts', region_name='us-east-1', "
       "endpoint_url='http://127.0.0.1:{port}', config=c.Config(proxies=dict(), retries=dict(total_max_attempts=1)))"
       ".get_caller_identity()\"")
KEY = "$HOME/.aws/credentials"
OUTLIVING = ("f=$(mktemp); {start} sh -c '" + FETCH + " 127.0.0.1 {port} > $0; echo done >> $0; exec sleep {mark}' $f "
             "> /dev/null 2>&1 & until grep -q done $f; do sleep 0.05; done; cat $f; rm $f")
IN_HOME = (".aws/credentials", ".aws/config", ".aws/sso/cache/token.json", ".pgpass", ".pg_service.conf", ".ssh/id_ed25519",
           ".netrc", ".docker/config.json", ".config/gcloud/credentials.db", ".kube/config", ".git-credentials")

NETWORK = {
    "env -i": f"{CLEAN} {CURL}",
    "AWS and proxy variables unset": f"unset ${{!AWS_*}} HTTP_PROXY HTTPS_PROXY http_proxy https_proxy; {CURL}",
    "curl --noproxy": f"{CURL} --noproxy '*'" if CURL.startswith("curl") else CURL,
    "the machine's own address": f"{FETCH} {{own}} {{port}}",
    "IPv6": f"{FETCH} ::1 {{port}}",
    "bash's /dev/tcp": "exec 3<> /dev/tcp/127.0.0.1/{port} && echo >&3 && cat <&3",
    "UDP": "echo x > /dev/udp/127.0.0.1/{port}",
    "boto3, proxies off": f"{CLEAN} {STS}",
    "boto3, a real profile": f"{CLEAN} AWS_PROFILE=prod {STS}",
    "psql -h": "psql -h 127.0.0.1 -p {port} -U real -d real -c 'SELECT 1' 2>&1",
    "psql with a keyword DSN": "psql 'host=127.0.0.1 port={port} user=real dbname=real' -c 'SELECT 1' 2>&1",
    "psql -h, a socket in /tmp": "psql -h {folder} -p {port} -U real -d real -c 'SELECT 1' 2>&1",
    "psql -h, a socket in /dev/shm": "psql -h {folder} -p {port} -U real -d real -c 'SELECT 1' 2>&1",
    "the Docker socket": f"{FETCH} $HOME/.docker/run/docker.sock",
    "an abstract socket": f"{FETCH} @{{name}}",
    "a child in a session of its own": OUTLIVING.replace("{start}", "setsid"),
    "a daemon without our variables": OUTLIVING.replace("{start}", "env -i PATH=$PATH setsid nohup setsid"),
}
"""Each has a listener of its own, which counts."""
READING = {
    **{f"~/{path}": f"cat $HOME/{path}" for path in IN_HOME},
    "taking the walls down": f"umount $HOME/.aws; cat {KEY}",
    "taking them down as another root": f"unshare -Urm sh -c 'umount $HOME/.aws; cat {KEY}' || cat {KEY}",
    "entering another process's namespaces": f"nsenter -t 1 -m -n cat {KEY} || nsenter -t $PPID -m cat {KEY} || cat {KEY}",
    "another process's root": f"cat /proc/{{other}}/root{KEY} || cat /proc/[0-9]*/root{KEY}",
    "another process's environment": "tr '\\0' '\\n' < /proc/{other}/environ",
    "a signal to another process": "kill -0 {other} && echo {marker}",
    "a DSN in the environment": "env",
}
"""Each reads what must not be read."""


def main(aims: str, said: str) -> None:
    """Tries everything, one after the other."""
    told = {}
    for name, words in json.loads(Path(aims).read_text(encoding="utf-8")).items():
        command = {**NETWORK, **READING}[name]
        for word, value in words.items():
            command = command.replace("{" + word + "}", str(value))
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=60)
        told[name] = (done.stdout + done.stderr).decode(errors="replace")
    Path(said).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.exit(1)
