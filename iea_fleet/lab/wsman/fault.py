"""One fault of a Windows WinRM service as an envelope: the shapes of DSP0226 13, and MSFT_WmiError beside them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.envelope import attribute, render_envelope


class WsmanFault(Exception):
    """A fault that the service answers with.

    Args:
        subcode: prefixed name (`w:TimedOut`); None: the fault has only its code.
        code: the WSManFault code, a Win32 code or an HRESULT as an unsigned number.
        message: the sentence in WSManFault.
        reason: the SOAP reason when it differs from `message`.
        receiver: True: the receiver's fault (s:Receiver), False: the sender's, None with `soap_code`.
        detail: last part of the wsman:FaultDetail URI.
        action: the fault's action URI.
        provider: (name, path) of the plugin in whose name a ProviderFault speaks.
        nested: the plugin's own fault is a WSManFault in the ProviderFault; else that holds the sentence.
        wmi: the answer carries an MSFT_WmiError too, as Windows does for quotas.
    """

    def __init__(
        self,
        subcode: str | None,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        receiver: bool = False,
        soap_code: str | None = None,
        detail: str | None = None,
        action: str = ns.FAULT_ACTION,
        provider: tuple[str, str] | None = None,
        nested: bool = False,
        wmi: bool = False,
    ) -> None:
        super().__init__(message)
        self.subcode, self.code, self.message = subcode, code, message
        self.reason = message if reason is None else reason
        self.soap_code = soap_code or ("s:Receiver" if receiver else "s:Sender")
        self.detail, self.action, self.wmi = detail, action, wmi
        self.provider, self.nested = provider, nested

    def render(self, machine: str, relates_to: str) -> bytes:
        """The fault as an envelope; `machine` is the address that the client used."""
        subcode = f"<s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>" if self.subcode else ""
        detail = f"<w:FaultDetail>{ns.FAULT_DETAIL}/{self.detail}</w:FaultDetail>" if self.detail else ""
        message = escape(self.message)
        if self.provider is not None:
            name, path = self.provider
            if self.nested:
                message = (
                    f'<f:WSManFault xmlns:f="{ns.WSMAN_FAULT}" Code="{self.code}" Machine="{attribute(machine)}">'
                    f"<f:Message>{message}</f:Message></f:WSManFault>"
                )
            message = (
                f'<f:ProviderFault provider="{attribute(name)}" path="{attribute(path)}">{message}</f:ProviderFault>'
            )
        body = (
            f"<s:Fault><s:Code><s:Value>{self.soap_code}</s:Value>{subcode}</s:Code><s:Reason>"
            f'<s:Text xml:lang="en-US">{escape(self.reason)}</s:Text></s:Reason><s:Detail>{detail}'
            f'<f:WSManFault xmlns:f="{ns.WSMAN_FAULT}" Code="{self.code}" Machine="{attribute(machine)}">'
            f"<f:Message>{message}</f:Message></f:WSManFault>{self._wmi_error() if self.wmi else ''}"
            f"</s:Detail></s:Fault>"
        )
        return render_envelope(self.action, relates_to, body, "s a x e n w p")

    def _wmi_error(self) -> str:
        # Clients that were written against CIM read the quota's code only from here: MSFT_WmiError/error_Code.
        message = escape(self.message)
        nothing = 'xsi:nil="true" xsi:type="cim:cimString"/>'
        short = 'xsi:type="cim:cimUnsignedShort">0'
        return (
            '<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" '
            'xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" '
            'xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError" '
            'xsi:type="p:MSFT_WmiError_Type" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            '<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode>'
            f"<p:CIMStatusCodeDescription {nothing}<p:ErrorSource {nothing}"
            f"<p:ErrorSourceFormat {short}</p:ErrorSourceFormat><p:ErrorType {short}</p:ErrorType>"
            f'<p:Message xsi:type="cim:cimString">{message}</p:Message>'
            f'<p:MessageID xsi:type="cim:cimString">HRESULT 0x{self.code:08x}</p:MessageID>'
            f"<p:OtherErrorSourceFormat {nothing}<p:OtherErrorType {nothing}<p:OwningEntity {nothing}"
            f"<p:PerceivedSeverity {short}</p:PerceivedSeverity><p:ProbableCause {short}</p:ProbableCause>"
            f"<p:ProbableCauseDescription {nothing}"
            '<p:error_Category xsi:type="cim:cimUnsignedInt">30</p:error_Category>'
            f'<p:error_Code xsi:type="cim:cimUnsignedInt">{self.code}</p:error_Code>'
            '<p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type>'
            f'<p:error_WindowsErrorMessage xsi:type="cim:cimString">{message}</p:error_WindowsErrorMessage>'
            "</p:MSFT_WmiError>"
        )
