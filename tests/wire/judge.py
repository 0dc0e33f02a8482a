"""Others' libraries and published code as judges of what arrived: see verify.mjs."""

import json
import os
import pathlib
import subprocess

from stack import TOP

VERIFY = pathlib.Path(__file__).with_name("verify.mjs")


def verifies(by, delivery, secret):
    message = {"by": by, "secret": secret, "headers": delivery.headers, "body": delivery.body.decode()}
    result = subprocess.run(["node", str(VERIFY)], input=json.dumps(message), capture_output=True, text=True,
                            timeout=60, cwd=TOP / "tests",
                            env=dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH", str(TOP / "tests/node_modules"))))
    assert result.returncode in (0, 1) and "Cannot find module" not in result.stderr, result.stderr
    return result.returncode == 0


def deliver(stack, receiver, count=1):
    """The last of `count` deliveries, once all that is due was sent."""
    stack.dispatch()
    assert len(receiver.deliveries) == count
    return receiver.deliveries[-1]
