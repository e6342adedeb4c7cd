"""Fetch the published notebooks when a JupyterLab app starts; runs as the Studio lifecycle script, by itself.

`LIBRARY` holds what to fetch, as JSON: bucket, owner, region, files (name → SHA-256), settings (the content of
governance.json). A file whose bytes aren't those of its digest is refused by name, and the app with it: somebody
changed what the program published. Where the hub can't be reached, what is there stays and the reason stands beside
it, since work goes on without it. What a person changed in the folder is kept under another name.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

FOLDER = "ml-governance"
SETTINGS = "governance.json"
PROBLEMS = "NOT-FETCHED.txt"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(target: Path, content: bytes) -> None:
    """Write a file whole, for reading; a different one that is there is kept beside it."""
    if target.exists():
        there = digest_of(target.read_bytes())
        if there == digest_of(content):
            return
        if target.name not in (SETTINGS, PROBLEMS):
            target.rename(target.with_name(f"{target.stem}.before-{there[:8]}{target.suffix}"))
    draft = target.with_name(f".{target.name}.draft")
    draft.write_bytes(content)
    draft.chmod(0o444)
    draft.replace(target)


def fetch(library: dict, folder: Path) -> int:  # type: ignore[type-arg]  # also read by Python without generics
    """Fetch what isn't there yet; the script's status."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    folder.mkdir(exist_ok=True)
    put(folder / SETTINGS, (json.dumps(library["settings"], indent=1, sort_keys=True) + "\n").encode())
    patience = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2})
    client = boto3.client("s3", region_name=library["region"], config=patience)
    problems = []
    for name, digest in sorted(library["files"].items()):
        target = folder / name
        if target.exists() and digest_of(target.read_bytes()) == digest:
            continue
        place = {"Bucket": library["bucket"], "Key": f"notebooks/{digest}/{name}"}
        try:
            content = client.get_object(**place, ExpectedBucketOwner=library["owner"])["Body"].read()
        except (BotoCoreError, ClientError) as problem:
            problems.append(f"{name}: {problem}")
            continue
        if digest_of(content) != digest:
            print(
                f"{name} in s3://{place['Bucket']}/{place['Key']} has the SHA-256 {digest_of(content)}, not the one it"
                " was published under: it isn't used. Tell who runs the hub; `pulumi up --stack hub` publishes it anew",
                file=sys.stderr,
            )
            return 1
        put(target, content)
    if problems:
        put(folder / PROBLEMS, ("\n".join(problems) + "\n").encode())
        print("\n".join(problems), file=sys.stderr)
    else:
        (folder / PROBLEMS).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(fetch(json.loads(os.environ["LIBRARY"]), Path.home() / FOLDER))
