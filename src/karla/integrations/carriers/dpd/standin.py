"""The stand-in for DPD Germany's Web Connect: the login, and tracking by it."""

import re
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from karla.infra.http.standin import Asked, Reply
from karla.integrations.carriers.dpd import soap
from karla.integrations.standins import Recordings

USER, WORD, WRONG_WORD = "demodpd01", "demo-dpd-word", "demo-dpd-word-of-nobody"
TICKET = "demo-dpd-ticket-0001"

_LOGIN = "/services/LoginService/V2_0/"
_TRACKING = "/services/ParcelLifeCycleService/V2_0/"
_NUMBER = re.compile(r"[0-9]{14}")
_LOCALE = re.compile(r"[a-z]{2}_[A-Z]{2}")
_ACTIONS = {
    _LOGIN: "http://dpd.com/common/service/LoginService/2.0/getAuth",
    _TRACKING: "http://dpd.com/common/service/ParcelLifeCycleService/2.0/getTrackingData",
}
_EMPTY = f'<ns:getTrackingDataResponse xmlns:ns="{soap.TRACKING}"><trackingresult/></ns:getTrackingDataResponse>'


class StandIn:
    """Takes one user, gives one token, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: path, method and type come first, then SOAP, then the user, then what is asked."""
        if asked.path not in _ACTIONS:
            return Reply(status=404, headers={"Content-Type": "text/html"}, body=b"<html>No service was found.</html>")
        if asked.method != "POST":
            return Reply(status=405, headers={"Allow": "POST"})
        if not asked.headers.get("content-type", "").startswith("text/xml"):
            return Reply(status=415)
        if asked.headers.get("soapaction", "").strip('"') != _ACTIONS[asked.path]:
            return _fault("soap:Client", "The given SOAPAction does not match an operation.")
        try:
            told = soap.body_of(asked.body)
        except ValueError:
            return _fault("soap:Client", "Error reading XMLStreamReader.")
        return self._login(told) if asked.path == _LOGIN else self._tracking(asked.body.decode(), told)

    def busy(self) -> Reply:
        """What stands before the services counts calls, and doesn't speak SOAP."""
        return Reply(status=429, headers={"Content-Type": "text/html"}, body=b"<html>Too Many Requests</html>")

    def credentials(self, url: str) -> dict[str, str]:
        """User and password of its own."""
        return {"delis_id": USER, "password": WORD, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """The user with a password that isn't its own."""
        return {"delis_id": USER, "password": WRONG_WORD, "address": url}

    def _login(self, told: Element) -> Reply:
        if missing := _missing(told, "getAuth", "delisId", "password", "messageLanguage"):
            return missing
        if (soap.text_at(told, "delisId"), soap.text_at(told, "password")) != (USER, WORD):
            return _refused("LOGIN_8", "The combination of user and password is invalid.")
        members = {"delisId": USER, "customerUid": USER, "authToken": TICKET, "depot": "0998"}
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
        return _message(f'<ns:getAuthResponse xmlns:ns="{soap.LOGIN}"><return>{inner}</return></ns:getAuthResponse>')

    def _tracking(self, request: str, told: Element) -> Reply:
        if missing := _missing(told, "getTrackingData", "parcelLabelNumber"):
            return missing
        header = {name: _in(request, name) for name in ("delisId", "authToken", "messageLanguage")}
        if not _LOCALE.fullmatch(header["messageLanguage"]):
            return _fault("soap:Server", "cvc-minLength-valid: messageLanguage")
        if (header["delisId"], header["authToken"]) != (USER, TICKET):
            return _refused("LOGIN_5", "The authtoken is invalid")
        number = soap.text_at(told, "parcelLabelNumber")
        if not _NUMBER.fullmatch(number):
            return _fault("soap:Server", "cvc-pattern-valid: parcelLabelNumber")
        body = self.recordings.next(number)
        return Reply(headers={"Content-Type": "text/xml;charset=UTF-8"}, body=body) if body else _message(_EMPTY)


def _in(request: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", request.partition("Body>")[0])
    return found[1] if found else ""


def _missing(told: Element, operation: str, *members: str) -> Reply | None:
    """As a schema speaks, of the first thing that isn't as it should be."""
    if told.tag != operation:
        return _fault("soap:Client", f"Message part {told.tag} was not recognized.")
    missing = next((name for name in members if not soap.text_at(told, name)), None)
    return _fault("soap:Server", f"cvc-complex-type.2.4.a: {missing}") if missing else None


def _message(inner: str, status: int = 200) -> Reply:
    whole = f'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    return Reply(status=status, headers={"Content-Type": "text/xml;charset=UTF-8"}, body=whole.encode())


def _fault(code: str, text: str, detail: str = "") -> Reply:
    words = f"<faultcode>{code}</faultcode><faultstring>{escape(text)}</faultstring>{detail}"
    return _message(f"<soap:Fault>{words}</soap:Fault>", 500)


def _refused(code: str, text: str) -> Reply:
    words = f"<errorCode>{code}</errorCode><errorMessage>{text}</errorMessage>"
    kind = f'<ns:authenticationFault xmlns:ns="{soap.AUTHENTICATION}">{words}</ns:authenticationFault>'
    return _fault("soap:Server", "Fault occured", f"<detail>{kind}</detail>")
