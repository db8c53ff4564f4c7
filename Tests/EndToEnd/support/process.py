"""Starts and ends the processes of a test. Nothing outlives the test run, whatever happens to it."""

import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import time

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def free_port():
    """Returns a port that nothing uses on any address.

    It is below those that the system gives to outgoing connections (32768 and above on Linux): one of them
    would keep a server from listening on all addresses.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port


def end_with_the_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def clean_environment(additions=None):
    """Returns our environment without what names the tests' own settings: the server knows its variables."""
    names = [name for name in os.environ if not name.startswith(("ISTHMUS_", "ETCD_"))]
    kept = {name: os.environ[name] for name in names}
    return kept | (additions or {})


def spawn(arguments, output, errors, environment=None):
    """Starts a program whose standard output and standard error go to two files."""
    with open(output, "ab") as sink, open(errors, "ab") as log:
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=log,
            env=clean_environment(environment),
            preexec_fn=end_with_the_parent,
        )


def run(program, *arguments, environment=None, within=20):
    """Runs a program to its end; returns the finished process with its text."""
    return subprocess.run(
        [str(program), *[str(argument) for argument in arguments]],
        capture_output=True,
        text=True,
        timeout=within,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
    )


def end(process, how=signal.SIGTERM, within=35):
    """Sends a signal and returns the exit code; kills a process that does not end in time."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the process did not end within {within} s of signal {how}")
    return process.returncode


def eventually(condition, within=10.0, what="the condition"):
    """Polls until `condition` returns something true, and returns that."""
    deadline = time.monotonic() + within
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} was not met within {within} s")
        time.sleep(0.02)


def allow_open_files(count):
    """Raises the limit of open files, also for processes that are started later; tells whether it could."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    except (ValueError, OSError):
        return False
    return True
