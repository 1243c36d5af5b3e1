"""The floor: one round a host with nothing but an asyncio HTTP client and SOAP written by hand.

What remains here is what the protocol itself costs: six requests, no logon beyond a header, no parsing beyond a search.
`python bench/floor.py INVENTORY` reads one line of a request from standard input and prints how many hosts answered.
"""

from __future__ import annotations

import asyncio
import base64
import re
import sys
import uuid
from pathlib import Path

import aiohttp
from hosts import Host, payload_for, read_hosts

from iea_fleet import agent

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
AT_ONCE = 50

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    f' xmlns:r="{SHELL}"><s:Header><a:To>http://windows-host:5985/wsman</a:To>'
    f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>'
    '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
    "<w:OperationTimeout>PT20S</w:OperationTimeout>"
    f'<w:ResourceURI s:mustUnderstand="true">{SHELL}/cmd</w:ResourceURI>'
    '<a:MessageID>uuid:%s</a:MessageID><a:Action s:mustUnderstand="true">%s</a:Action>%s</s:Header>'
    "<s:Body>%s</s:Body></s:Envelope>"
)


class Round:
    """One round with one host over one kept connection."""

    def __init__(self, http: aiohttp.ClientSession, host: Host) -> None:
        self._http = http
        self._host = host
        self._shell = ""

    async def run(self) -> bytes:
        """Six requests; gives standard output."""
        created = await self._ask(
            f"{TRANSFER}/Create",
            "<r:Shell><r:InputStreams>stdin</r:InputStreams><r:OutputStreams>stdout stderr</r:OutputStreams></r:Shell>",
        )
        shell = _between(created, rb'Name="ShellId">', b"<")
        self._shell = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
        encoded = base64.b64encode(agent.LOADER.encode("utf-16-le")).decode()
        command = await self._ask(
            f"{SHELL}/Command",
            "<r:CommandLine><r:Command>powershell -NoProfile -NonInteractive -EncodedCommand "
            f"{encoded}</r:Command></r:CommandLine>",
        )
        number = _between(command, rb"CommandId>", b"<")
        data = base64.b64encode(payload_for(self._host)).decode()
        await self._ask(
            f"{SHELL}/Send",
            f'<r:Send><r:Stream Name="stdin" CommandId="{number}" End="true">{data}</r:Stream></r:Send>',
        )
        output, done = b"", False
        while not done:
            received = await self._ask(
                f"{SHELL}/Receive",
                f'<r:Receive><r:DesiredStream CommandId="{number}">stdout stderr</r:DesiredStream></r:Receive>',
            )
            for stream in re.findall(rb'Name="stdout"[^>]*>([^<]+)<', received):
                output += base64.b64decode(stream)
            done = b"CommandState/Done" in received
        await self._ask(
            f"{SHELL}/Signal", f'<r:Signal CommandId="{number}"><r:Code>{SHELL}/signal/terminate</r:Code></r:Signal>'
        )
        await self._ask(f"{TRANSFER}/Delete", "")
        return output

    async def _ask(self, action: str, body: str) -> bytes:
        message = ENVELOPE % (str(uuid.uuid4()).upper(), action, self._shell, body)
        async with self._http.post(
            self._host.url,
            data=message.encode(),
            headers={"Content-Type": "application/soap+xml;charset=UTF-8"},
            auth=aiohttp.BasicAuth(self._host.user, self._host.password),
        ) as response:
            return await response.read()


def _between(text: bytes, start: bytes, end: bytes) -> str:
    return text.split(start, 1)[1].split(end, 1)[0].decode()


async def main(inventory: Path) -> None:
    """One round with every host of the inventory, `AT_ONCE` at a time."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:

        async def one(host: Host) -> bool:
            async with gate:
                return b"<<iea-fleet:" in await Round(http, host).run()

        answered = await asyncio.gather(*map(one, read_hosts(inventory)))
    print(f"{sum(answered)} of {len(answered)} hosts answered")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
