"""What http.sys itself answers, before a request comes to the WinRM service: its error pages, to the byte."""

from __future__ import annotations

from iea_fleet.lab.http.response import Response

_SENTENCES = {
    (400, "Bad Request"): "The request is badly formed.",
    (400, "Bad Request - Invalid Hostname"): "The request hostname is invalid.",
    (400, "Bad Request - Request Too Long"): "The size of the request headers is too long.",
    (404, "Not Found"): "The requested resource is not found.",
    (503, "Service Unavailable"): "The service is unavailable.",
}
NOT_FOUND = (404, "Not Found")
BAD_REQUEST = (400, "Bad Request")
INVALID_HOSTNAME = (400, "Bad Request - Invalid Hostname")
REQUEST_TOO_LONG = (400, "Bad Request - Request Too Long")
UNAVAILABLE = (503, "Service Unavailable")


def system_page(kind: tuple[int, str]) -> Response:
    """One of the pages above; the connection ends after it."""
    status, heading = kind
    title = heading.partition(" - ")[0]
    page = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
        f"<HTML><HEAD><TITLE>{title}</TITLE>\r\n"
        '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n'
        f"<BODY><h2>{heading}</h2>\r\n<hr><p>HTTP Error {status}. {_SENTENCES[kind]}</p>\r\n</BODY></HTML>\r\n"
    )
    return Response(status, page.encode("ascii"), [("Content-Type", "text/html; charset=us-ascii")], close=True)
