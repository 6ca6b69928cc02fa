# Makes the file system of a sandbox and keeps it until standard input ends.
# In private mount and PID namespaces. Environment: SANDBOX_RUN, SANDBOX_ROOT (empty for the host's own),
# SANDBOX_TEMPLATE (empty for none), SANDBOX_KEEP (a directory that must be reachable).
set -e
run=$SANDBOX_RUN
mount -t proc proc /proc
mount -t tmpfs -o mode=0700 tmpfs "$run/private"
mkdir "$run/private/root" "$run/private/upper" "$run/private/work" "$run/private/prefix" "$run/private/home"
if [ -n "$SANDBOX_TEMPLATE" ]; then
    mount -t overlay -o "lowerdir=$SANDBOX_TEMPLATE,upperdir=$run/private/upper,workdir=$run/private/work" \
        overlay "$run/private/prefix" 2>/dev/null || cp -a "$SANDBOX_TEMPLATE/." "$run/private/prefix/"
fi
# wineserver's sockets.
sockets=/tmp/.wine-$(id -u)
mkdir -p -m 0700 "$sockets"
mount -t tmpfs -o mode=0700 tmpfs "$sockets"

# Shows the entries of $1 that are not listed in $2 and not there yet in the new root.
show() {
    for path in "$1"/*; do
        name=${path##*/}
        case " proc sys dev run boot lost+found $2 " in *" $name "*) continue ;; esac
        if [ -e "$new/$name" ] || [ -L "$new/$name" ]; then
            continue
        elif [ -L "$path" ]; then
            cp -P "$path" "$new/$name"
        elif [ -d "$path" ]; then
            mkdir "$new/$name"
            mount --rbind "$path" "$new/$name"
        fi
    done
}

new=
if [ -n "$SANDBOX_ROOT" ]; then
    new=$run/private/root
    show "$SANDBOX_ROOT" "tmp root home mnt opt srv media"
    show "" ""
    mkdir "$new/proc" "$new/sys" "$new/dev" "$new/run"
    mount -t proc proc "$new/proc"
    mount --rbind /sys "$new/sys"
    mount --rbind /dev "$new/dev"
    mount -t tmpfs -o mode=0755 tmpfs "$new/run"
    if [ ! -e "$new$SANDBOX_KEEP" ]; then
        mkdir -p "$new$SANDBOX_KEEP"
        mount --rbind "$SANDBOX_KEEP" "$new$SANDBOX_KEEP"
    fi
    if [ -e /etc/resolv.conf ] && [ -f "$new/etc/resolv.conf" ]; then
        mount --bind /etc/resolv.conf "$new/etc/resolv.conf"
    fi
fi
mount --bind "$run/hosts" "$new/etc/hosts"
for name in resolv.conf nsswitch.conf; do
    if [ -f "$run/$name" ] && [ -f "$new/etc/$name" ]; then
        mount --bind "$run/$name" "$new/etc/$name"
    fi
done
echo ready
# A shell that waits also reaps what is orphaned in here.
cat >/dev/null
