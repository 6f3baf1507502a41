#!/bin/bash
# Boots this machine's own systemd as PID 1 of new namespaces on a throw-away overlay of / and tries the
# shipped user units there: ready notification, activation by socket, restart after SIGABRT, watchdog.
# Needs root. The host's files and services are not touched; nothing is left behind.
set -euo pipefail
cd "$(dirname "$0")/../.."

profile=${CHAPAR_PROFILE:-debug}
for binary in chapard chapar; do
  [ -x "target/$profile/$binary" ] || {
    echo "target/$profile/$binary is not built; run tests/run build first" >&2
    exit 1
  }
done
[ "$(id -u)" = 0 ] || {
  echo "booting systemd in a box needs root" >&2
  exit 1
}
[ -x /lib/systemd/systemd ] || {
  echo "systemd is not installed; apt-get install systemd" >&2
  exit 1
}

box=$(mktemp -d /dev/shm/chapar-box.XXXXXX)
outer=''
cleanup() {
  [ -z "${inner:-}" ] || kill -KILL "$inner" 2>/dev/null || true
  [ -z "$outer" ] || wait "$outer" 2>/dev/null || true
  rm -rf "$box"
}
trap cleanup EXIT
mkdir "$box"/{up,work,root,share}
cp "target/$profile/chapard" "target/$profile/chapar" "$box/share/"
cp packaging/systemd/* "$box/share/"
cp tests/rig/systemd-inside.sh "$box/share/inside.sh"

cat >"$box/init" <<'INIT'
set -e
mount -t overlay overlay -o "lowerdir=/,upperdir=$BOX/up,workdir=$BOX/work" "$BOX/root"
cd "$BOX/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in 'null 3' 'zero 5' 'full 7' 'random 8' 'urandom 9'; do
  set -- $node
  mknod -m 666 "dev/$1" c 1 "$2"
done
mknod -m 666 dev/tty c 5 0
ln -s /proc/self/fd dev/fd
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
touch dev/console
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir tmp/share
mount --bind "$BOX/share" tmp/share
rm -f usr/sbin/policy-rc.d
: >etc/fstab
# nothing of the host's services starts in the box
for unit in systemd-resolved systemd-networkd systemd-timesyncd systemd-udevd console-getty \
  serial-getty@ttyS0 cron dovecot postfix exim4; do
  ln -sf /dev/null "etc/systemd/system/$unit.service"
done
for unit in getty.target apt-daily.timer apt-daily-upgrade.timer dovecot.socket; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
# not chroot: the kernel refuses user namespaces (PrivateUsers=) to processes below a chroot
mkdir -p host
pivot_root . host
umount -l /host
exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  /lib/systemd/systemd --system --show-status=no --log-target=journal-or-kmsg </dev/null
INIT

BOX=$box unshare -m -p -f -u -i -C --propagation private --kill-child bash "$box/init" \
  >"$box/boot.log" 2>&1 &
outer=$!

enter() {
  nsenter -t "$inner" -m -p -u -i -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

inner=''
for _ in $(seq 200); do
  inner=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null || true)
  inner=${inner%% *}
  if [ -n "$inner" ] && enter systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; then
    break
  fi
  kill -0 "$outer" 2>/dev/null || {
    cat "$box/boot.log" >&2
    echo "systemd did not boot in the box" >&2
    exit 1
  }
  sleep 0.1
done
enter bash /tmp/share/inside.sh
