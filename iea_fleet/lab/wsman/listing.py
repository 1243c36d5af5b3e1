"""What the service tells about itself, shells and commands: Identify, Get, Enumerate, Pull (DSP0226 8 and 11)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from xml.sax.saxutils import escape

from iea_fleet.lab.workstation import Shell, Workstation
from iea_fleet.lab.wsman import faults
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.configuration import LISTENERS, render_configuration, render_listeners
from iea_fleet.lab.wsman.envelope import Request, attribute, new_id, render_envelope
from iea_fleet.lab.wsman.namespaces import qualified
from iea_fleet.lab.wsman.runspace_shell import RunspaceShell


def identify(workstation: Workstation, *, authenticated: bool) -> bytes:
    """The answer to Identify; who has not logged on is told no build, as Windows does."""
    build = workstation.description.build if authenticated else "0.0.0"
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{ns.SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{ns.IDENTITY}">'
        f"<wsmid:ProtocolVersion>{ns.WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {escape(build)} SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def answer(workstation: Workstation, user: str, request: Request) -> bytes:
    """Answer Get of a shell or of the configuration; Enumerate, Pull and Release of shells, their commands, listeners.

    Raises: WsmanFault.
    """
    if request.action == ns.GET:
        prefixes = "s a x w rsp p"
        configuration = render_configuration(workstation, request.resource_uri)
        if configuration is not None:
            content, prefixes = configuration, "s a x w p"
        elif request.resource_uri in {ns.SHELL_RESOURCE, ns.CMD_RESOURCE}:
            content = render_shell(_find(workstation, request.selectors.get("ShellId", ""), user))
        else:
            raise faults.resource_not_found(request.resource_uri)
        return render_envelope(f"{ns.TRANSFER}/GetResponse", request.message_id, content, prefixes)
    if request.resource_uri not in {ns.SHELL_RESOURCE, ns.CMD_RESOURCE, ns.COMMAND_RESOURCE, LISTENERS}:
        raise faults.resource_not_found(request.resource_uri)
    if request.action == ns.ENUMERATE:
        return _enumerate(workstation, user, request)
    context = _enumeration_context(request)
    items = workstation.enumerations.pop(context, None)
    if items is None:
        raise faults.invalid_enumeration_context()
    if request.action == ns.RELEASE:
        return render_envelope(f"{ns.ENUMERATION}/ReleaseResponse", request.message_id, "", "s a n w p")
    listed = f"<n:Items>{items}</n:Items>" if items else ""
    pulled = f"<n:PullResponse>{listed}<n:EndOfSequence/></n:PullResponse>"
    return render_envelope(f"{ns.ENUMERATION}/PullResponse", request.message_id, pulled, "s a n w rsp p")


def _enumerate(workstation: Workstation, user: str, request: Request) -> bytes:
    if request.resource_uri == ns.COMMAND_RESOURCE:
        items = "".join(_commands(_find(workstation, _filtered_shell(request), user)))
    elif request.resource_uri == LISTENERS:
        items = render_listeners(workstation)
    else:
        # The last one first, as Windows lists them.
        items = "".join(render_shell(shell) for shell in reversed(workstation.shells.values()) if shell.owner == user)
    optimized = request.body is not None and request.body.find(qualified(ns.WSMAN, "OptimizeEnumeration")) is not None
    if optimized:
        content = (
            "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>"
            f"{f'<w:Items>{items}</w:Items>' if items else ''}<w:EndOfSequence/></n:EnumerateResponse>"
        )
    else:
        context = f"uuid:{new_id()}"
        workstation.enumerations[context] = items
        # A client that never pulls must not fill the memory.
        while len(workstation.enumerations) > 16:
            workstation.enumerations.pop(next(iter(workstation.enumerations)))
        content = f"<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext></n:EnumerateResponse>"
    return render_envelope(f"{ns.ENUMERATION}/EnumerateResponse", request.message_id, content, "s a n w rsp p")


def render_shell(shell: Shell, *, created: bool = False) -> str:
    """The shell as an `rsp:Shell` element, children in Windows' order; `created`: in the answer to its Create."""
    now = time.monotonic()
    # Windows leaves backslashes out of the names (not the values) that it repeats here.
    environment = "".join(
        f'<rsp:Variable Name="{attribute(name.replace(chr(92), ""))}">{attribute(value)}</rsp:Variable>'
        for name, value in shell.environment.items()
    )
    parts = [
        f"<rsp:ShellId>{escape(shell.shell_id)}</rsp:ShellId>",
        f"<rsp:Name>{escape(shell.name)}</rsp:Name>" if shell.name else "",
        f"<rsp:ResourceUri>{escape(shell.resource_uri)}</rsp:ResourceUri>",
        f"<rsp:Owner>{escape(shell.owner)}</rsp:Owner>",
        f"<rsp:ClientIP>{escape(shell.client_ip)}</rsp:ClientIP>",
        f"<rsp:ProcessId>{shell.process_id}</rsp:ProcessId>" if isinstance(shell, RunspaceShell) else "",
        f"<rsp:WorkingDirectory>{escape(shell.working_directory)}</rsp:WorkingDirectory>"
        if shell.working_directory
        else "",
        f"<rsp:Environment>{environment}</rsp:Environment>" if environment else "",
        f"<rsp:IdleTimeOut>PT{shell.idle_timeout_s:.3f}S</rsp:IdleTimeOut>",
        f"<rsp:InputStreams>{escape(shell.input_streams)}</rsp:InputStreams>",
        f"<rsp:OutputStreams>{escape(shell.output_streams)}</rsp:OutputStreams>",
        _session(shell) if isinstance(shell, RunspaceShell) else "",
        f"<rsp:ShellRunTime>{_age(now - shell.created_at)}</rsp:ShellRunTime>",
        f"<rsp:ShellInactivity>{_age(now - shell.used_at)}</rsp:ShellInactivity>",
    ]
    if isinstance(shell, RunspaceShell) and not created:
        parts.append("<rsp:MemoryUsed>52MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>")
    return f'<rsp:Shell xmlns:rsp="{ns.SHELL}">{"".join(parts)}</rsp:Shell>'


def _session(shell: Shell) -> str:
    return (
        f"<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>{shell.locale}</rsp:Locale>"
        f"<rsp:DataLocale>{shell.data_locale}</rsp:DataLocale><rsp:CompressionMode>NoCompression"
        f"</rsp:CompressionMode><rsp:ProfileLoaded>{'No' if shell.no_profile else 'Yes'}</rsp:ProfileLoaded>"
        f"<rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode>"
        f"<rsp:State>{'Connected' if shell.connected else 'Disconnected'}</rsp:State>"
    )


def _age(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"P{days}DT{hour}H{minute}M{second}S"


def _find(workstation: Workstation, shell_id: str, user: str) -> Shell:
    if shell_id not in workstation.shells or workstation.shells[shell_id].owner != user:
        raise faults.no_such_shell()
    return workstation.shells[shell_id]


def _filtered_shell(request: Request) -> str:
    """The ShellId by which commands are asked for, [MS-WSMV] 2.2.4: a selector filter must name it."""
    name = qualified(ns.WSMAN, "Selector")
    for selector in request.body.iter(name) if request.body is not None else ():
        if selector.get("Name") == "ShellId":
            return (selector.text or "").strip()
    raise faults.shell_filter_expected()


def _commands(shell: Shell) -> Iterator[str]:
    for command_id, line, ended in shell.list_commands():
        yield (
            f'<rsp:Command xmlns:rsp="{ns.SHELL}"><rsp:CommandId>{escape(command_id)}</rsp:CommandId>'
            f"<rsp:CommandLine>{escape(line)}</rsp:CommandLine><rsp:CommandState>{'Done' if ended else 'Running'}"
            "</rsp:CommandState></rsp:Command>"
        )


def _enumeration_context(request: Request) -> str:
    if request.body is None:
        return ""
    element = request.body.find(qualified(ns.ENUMERATION, "EnumerationContext"))
    return (element.text or "").strip() if element is not None else ""
