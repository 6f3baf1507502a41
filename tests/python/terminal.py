# A person at a terminal of 24 lines and $COLUMNS columns (80 when unset): runs a command on it and does
# something at each prompt. Prints what the terminal got, and ends as the command did; 99 when a prompt did not come, 98 when the terminal is left
# without echo.
# usage: terminal.py STEPS COMMAND...; STEPS is a JSON list of objects, done in order:
#   after   regular expression to wait for in what came since the step before
#   hidden  waits until the terminal does not show what is typed
#   run     program that is run then, word by word; {} stands for the first group of `after`
#   signal  sent to the command then
#   type    typed as it is; without it and with `run`, the last line that the program printed, and Enter
import fcntl, json, os, pty, re, select, struct, subprocess, sys, termios, time

LIMIT = 120
columns = int(os.environ.get("COLUMNS", "80"))
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(command[0], command)


def shows():
    return termios.tcgetattr(terminal)[3] & termios.ECHO


def act(step, found):
    typed = step.get("type", "")
    if "run" in step:
        group = found[1].decode() if found.re.groups else ""
        words = [word.replace("{}", group) for word in step["run"]]
        ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if ran.returncode:
            os.write(1, ran.stdout + ran.stderr)
            return False
        if "type" not in step:
            typed = ran.stdout.decode().splitlines()[-1] + "\r"
    if "signal" in step:
        os.kill(pid, step["signal"])
    for key in typed:
        os.write(terminal, key.encode())
    return True


seen, looked, end = b"", 0, time.monotonic() + LIMIT
while time.monotonic() < end:
    ready, _, _ = select.select([terminal], [], [], 0.02)
    if ready:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
    if not steps or (steps[0].get("hidden") and shows()):
        continue
    found = re.compile(steps[0]["after"].encode(), re.M | re.S).search(seen, looked)
    if found:
        looked = len(seen)
        if not act(steps[0], found):
            os.kill(pid, 9)
            break
        steps.pop(0)
else:
    os.kill(pid, 9)
os.write(1, seen)
_, status = os.waitpid(pid, 0)
# a signal as a shell reports it
code = os.waitstatus_to_exitcode(status)
sys.exit(99 if steps else 98 if not shows() else code if code >= 0 else 128 - code)
