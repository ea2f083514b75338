"""Tries each way out of a sandbox, and says what came of it. Run inside one, and outside to see that the ways are ways.

Told as JSON in its argument what there is outside. Needs nothing of the product and nothing but Python.
"""

# Each way is a call to the kernel, as plain as it can be written.
# ruff: noqa: PTH104, PTH108, PTH116, PTH123, PTH208, UP031

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import stat
import sys

WAYS = {}
TIMEOUT_S = 2.0


def way(function):
    WAYS[function.__name__] = function
    return function


def spoken(address, family=socket.AF_INET, kind=socket.SOCK_STREAM, mark=b"out\n"):
    """Say something to `address`. What arrives is counted there, so that a void counts as held."""
    with socket.socket(family, kind) as one:
        one.settimeout(TIMEOUT_S)
        one.connect(address)
        one.sendall(mark)


@way
def tcp_to_loopback(told):
    spoken(("127.0.0.1", told["port"]))


@way
def tcp_to_loopback_by_version_6(told):
    spoken(("::1", told["port"]), socket.AF_INET6)


@way
def tcp_to_an_address_of_the_machine(told):
    spoken((told["address"], told["port"]))


@way
def udp_to_loopback(told):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", told["port"]))
        one.send(b"out\n")
        one.settimeout(0.3)
        one.recv(1)  # a port without a listener says so


@way
def tcp_to_the_world(_):
    spoken(("8.8.8.8", 53))


@way
def udp_to_the_world(_):
    spoken(("8.8.8.8", 53), kind=socket.SOCK_DGRAM)


@way
def a_resolver_of_its_own(_):
    socket.getaddrinfo("example.com", 443)


@way
def a_broadcast(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.sendto(b"out\n", ("255.255.255.255", 9))


@way
def packets(_):
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).close()


@way
def raw_sockets(_):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@way
def the_hypervisor(_):
    socket.socket(getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM).close()


@way
def the_kernel_by_netlink(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16).close()


@way
def a_socket_file_in_the_folder(told):
    spoken(told["socket"], socket.AF_UNIX)


@way
def a_socket_file_in_a_temporary_folder(told):
    spoken(told["temporary_socket"], socket.AF_UNIX)


@way
def a_socket_without_a_file(told):
    spoken("\0" + told["abstract"], socket.AF_UNIX)


@way
def datagrams_from_a_pair(told):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.sendto(b"out\n", told["datagrams"])


@way
def rings(_):
    called(425, 4, ctypes.create_string_buffer(256))


@way
def keyrings(_):
    called(250 if os.uname().machine == "x86_64" else 219, 0, -4, 0)


@way
def typing_into_the_terminal(_):
    read, write = os.pipe()
    try:
        fcntl.ioctl(read, 0x5412, b"x")
    except OSError as refused:
        if refused.errno != errno.ENOTTY:  # it went as far as the pipe, which is no terminal
            raise
    finally:
        os.close(read)
        os.close(write)


@way
def the_other_table_of_calls(_):
    """Socket by its x32 number; whoever is not killed for it gets a socket or an error of the kernel."""
    if os.uname().machine != "x86_64":
        raise PermissionError("not on this machine")
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).syscall(0x40000000 + 41, socket.AF_UNIX, socket.SOCK_STREAM, 0)
        os._exit(0)
    if os.waitpid(child, 0)[1] & 0x7F == signal.SIGSYS:
        raise PermissionError("killed")


@way
def reading_the_operators_secret(told):
    opened(told["state"] + "/operator.secret")


@way
def reading_the_store(told):
    opened(told["state"] + "/store.sqlite")


@way
def reading_the_authority(told):
    opened(told["certs"] + "/mitmproxy-ca.pem")


@way
def listing_the_keys(told):
    os.listdir(told["certs"] + "/keys")


@way
def writing_rules(told):
    with open(told["rules"] + "/more.yaml", "w") as file:
        file.write("version: 1\n")


@way
def changing_rules(told):
    with open(told["rules"] + "/rules.yaml", "a") as file:
        file.write("\n")


@way
def moving_the_rules_away(told):
    os.rename(told["rules"], told["rules"] + ".old")
    os.rename(told["rules"] + ".old", told["rules"])


@way
def writing_settings(told):
    with open(told["settings"], "a") as file:
        file.write("\n")


@way
def replacing_settings(told):
    other = told["folder"] + "/other.yaml"
    with open(told["settings"]) as now, open(other, "w") as file:
        file.write(now.read())
    os.rename(other, told["settings"])


@way
def writing_the_gateways_code(told):
    with open(told["code"] + "/planted.py", "w"):
        pass
    os.unlink(told["code"] + "/planted.py")


@way
def writing_beside_the_folder(told):
    with open(told["beside"] + "/planted", "w"):
        pass


@way
def seeing_a_process_outside(told):
    opened("/proc/%d/environ" % told["pid"])


@way
def signalling_a_process_outside(told):
    os.kill(told["pid"], 0)


@way
def tracing_a_process_outside(told):
    traced(told["pid"])


@way
def a_namespace_of_its_own(_):
    in_a_child(lambda: os.unshare(os.CLONE_NEWUSER))


@way
def mounting(_):
    in_a_child(lambda: libc_call("mount", b"none", b"/mnt", b"tmpfs", 0, None))


@way
def uncovering_what_is_hidden(told):
    in_a_child(lambda: libc_call("umount2", told["state"].encode(), 2))
    opened(told["state"] + "/operator.secret")


@way
def the_first_process(_):
    with open("/proc/1/ns/net") as there:
        os.setns(there.fileno(), os.CLONE_NEWNET)


@way
def tracing_the_first_process(_):
    traced(1)


@way
def a_setting_of_the_kernel(_):
    with open("/proc/sys/kernel/core_pattern", "r+") as file:
        file.write(file.read())


@way
def a_disk(told):
    disks = [f"/dev/{name}" for name in os.listdir("/dev") if stat.S_ISBLK(os.stat(f"/dev/{name}").st_mode)]
    if not disks:
        raise FileNotFoundError("no disk")
    opened(disks[0])


@way
def a_descriptor_left_open(_):
    with os.scandir("/proc/self/fd") as found:
        left = [entry.name for entry in found]
    open_now = [fd for fd in left if int(fd) > 2 and os.path.lexists(f"/proc/self/fd/{fd}")]
    if not open_now:
        raise FileNotFoundError("none")


@way
def the_agents_secret(_):
    found = [name for name in os.environ if name.endswith("_SECRET")]
    if not found:
        raise PermissionError("not there")


@way
def becoming_root(_):
    os.setresuid(0, 0, 0)
    os.chown("/etc/passwd", 0, 0)


def opened(path):
    with open(path, "rb") as file:
        file.read(16)


def called(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def libc_call(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def traced(pid):
    in_a_child(lambda: libc_call("ptrace", 0x4206, pid, 0, 0))  # seize: does not stop it; ends with the child


def in_a_child(act):
    child = os.fork()
    if child == 0:
        try:
            act()
        except OSError as refused:
            os._exit(refused.errno or 1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


def outcome(function, told):
    """None when it went through, else what held it."""
    try:
        function(told)
    except OSError as held:
        return str(held)
    return None


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps({name: outcome(function, given) for name, function in WAYS.items()}))
