#!/bin/bash
# Runs inside the box of systemd.sh, as root beside a real systemd: the shipped units under a user manager.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  systemctl --user -M rider@ status chapard.service --no-pager >&2 || true
  journalctl -b --no-pager _UID=4242 2>/dev/null | tail -40 >&2 || true
  exit 1
}

# until SECONDS COMMAND...: until it succeeds
until_ok() {
  local left=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.1
  done
}

user() { systemctl --user -M rider@ "$@"; }
value() { user show chapard.service -p "$1" --value; }
is() { [ "$(value "$1")" = "$2" ]; }
as_rider() {
  runuser -u rider -- env -i HOME=/home/rider XDG_RUNTIME_DIR=/run/user/4242 PATH=/usr/bin:/bin "$@"
}
chapar() { as_rider /home/rider/.local/bin/chapar "$@"; }

useradd -m -u 4242 rider
loginctl enable-linger rider
until_ok 20 test -S /run/user/4242/systemd/private || fail "no user manager"
units=/home/rider/.config/systemd/user
mkdir -p "$units" /home/rider/.local/bin
cp /tmp/share/chapard /tmp/share/chapar /home/rider/.local/bin/
for unit in chapard.service chapard.socket; do
  # only the path of the binary differs between an installation and this box
  sed 's|^ExecStart=[^ ]*chapard|ExecStart=/home/rider/.local/bin/chapard|' "/tmp/share/$unit" >"$units/$unit"
done
chown -R rider /home/rider
user daemon-reload

user enable --now chapard.socket || fail "the socket unit does not start"
[ "$(stat -c '%a %U' /run/user/4242/chapar/v1.sock)" = '600 rider' ] || fail "mode of the socket"
is ActiveState inactive || fail "the service must wait for its first client"
chapar status --json >/tmp/status.json || fail "activation by socket"
grep -q '"schema":"chapar/status/1"' /tmp/status.json || fail "status says $(cat /tmp/status.json)"
is ActiveState active || fail "ready notification"
echo "ok: socket activation, ready; status text: $(value StatusText)"

pid=$(value MainPID)
kill -ABRT "$pid"
until_ok 15 is NRestarts 1 || fail "no restart after SIGABRT"
until_ok 15 is ActiveState active || fail "not ready again after SIGABRT"
chapar status --json >/dev/null || fail "no answer after SIGABRT"
echo "ok: restart after SIGABRT"

# the shipped time is for people; the box shortens it
mkdir -p "$units/chapard.service.d"
printf '[Service]\nWatchdogSec=2\n' >"$units/chapard.service.d/watchdog.conf"
user daemon-reload
user restart chapard.service || fail "restart"
sleep 5
before=$(value NRestarts)
is ActiveState active || fail "a healthy daemon is not killed by its watchdog"
kill -STOP "$(value MainPID)"
stopped=$(value MainPID)
until_ok 20 bash -c "[ \"\$(systemctl --user -M rider@ show chapard.service -p MainPID --value)\" != $stopped ] \
  && systemctl --user -M rider@ is-active -q chapard.service" || fail "the watchdog did not expire"
[ "$(value NRestarts)" -gt "$before" ] || fail "the watchdog expired without a restart"
chapar status --json >/dev/null || fail "no answer after the watchdog"
echo "ok: watchdog expiry"

user stop chapard.service chapard.socket || fail "stop"
[ "$(value Result)" = success ] || fail "stopped with $(value Result)"
echo "ok: orderly stop"
