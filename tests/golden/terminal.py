# Runs a command on a terminal of 80x24, types each answer when its prompt has appeared, and prints
# what the terminal got. usage: terminal.py [PROMPT ANSWER]... -- COMMAND...
import fcntl, os, pty, select, struct, sys, termios, time

at = sys.argv.index("--")
talk, command = sys.argv[1:at], sys.argv[at + 1:]
answers = list(zip(talk[::2], talk[1::2]))
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(command[0], command)
seen, looked, end = b"", 0, time.monotonic() + 50
while time.monotonic() < end:
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if ready:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
    if answers and answers[0][0].encode() in seen[looked:]:
        looked = len(seen)
        # a prompt is printed just before echo is switched off
        time.sleep(0.2)
        os.write(terminal, answers.pop(0)[1].encode())
else:
    os.kill(pid, 9)
os.write(1, seen)
_, status = os.waitpid(pid, 0)
sys.exit(99 if answers else os.waitstatus_to_exitcode(status))
