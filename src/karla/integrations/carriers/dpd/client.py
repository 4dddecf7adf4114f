"""DPD's SOAP interface: Web Connect of DPD Germany, LoginService 2.0 and ParcelLifeCycleService 2.0."""

from xml.etree.ElementTree import Element

from karla.integrations.calling import Calling, Dialect, Request, Response
from karla.integrations.carriers.dpd import soap
from karla.integrations.contract import Failure, Refused, Unauthorised, Unreachable
from karla.integrations.tokens import Granted, Token

# DPD's token is good for a day, and DPD wants one login a day.
_DAY_SECONDS = 24 * 3600.0
_LOCALES = {"de": "de_DE", "en": "en_US"}
# SOAP says its faults by 500, whoever is at fault.
_DIALECT = Dialect(meaningful=frozenset({500}))
_NO_DATA = "dataFault"
_MINE = "authenticationFault"
_OURS = ("soap:Client", "Client", "Sender")


class Client:
    """One user of Web Connect."""

    def __init__(self, address: str, delis_id: str, password: str, calling: Calling) -> None:
        self._address = address
        self._delis_id = delis_id
        self._password = password
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def login(self) -> None:
        """Have a token, by getAuth where there is none yet; a Failure."""
        await self._token.used(_enough)

    async def tracking(self, number: str, language: str) -> bytes | None:
        """getTrackingData: the answer as it came, None where DPD has no data of the number; a Failure."""
        return await self._token.used(lambda token: self._tracking(number, language, token))

    async def _tracking(self, number: str, language: str, token: str) -> bytes | None:
        user = {"delisId": self._delis_id, "authToken": token, "messageLanguage": _LOCALES[language]}
        header = soap.element("authentication", soap.AUTHENTICATION, user)
        asked = soap.envelope("getTrackingData", soap.TRACKING, {"parcelLabelNumber": number}, header)
        response, told = await self._call("ParcelLifeCycleService", "getTrackingData", asked)
        fault = soap.fault_in(told)
        if fault and fault.kind == _NO_DATA:
            return None
        if fault:
            raise self._failure(fault)
        if told.tag != "getTrackingDataResponse":
            raise Unreachable("answered another SOAP message than documented")
        return response.body

    async def _granted(self) -> Granted:
        user = {"delisId": self._delis_id, "password": self._password, "messageLanguage": _LOCALES["en"]}
        _, told = await self._call("LoginService", "getAuth", soap.envelope("getAuth", soap.LOGIN, user))
        if fault := soap.fault_in(told):
            raise self._failure(fault)
        token = soap.text_at(told, "return/authToken")
        if not token:
            raise Unreachable("answered a login without a token")
        return Granted(token, _DAY_SECONDS)

    async def _call(self, service: str, operation: str, body: bytes) -> tuple[Response, Element]:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"http://dpd.com/common/service/{service}/2.0/{operation}"',
        }
        url = f"{self._address}/services/{service}/V2_0/"
        request = Request(url=url, method="POST", headers=headers, body=body, accept="text/xml")
        response = await self._calling.call(request, _DIALECT)
        try:
            return response, soap.body_of(response.body)
        except ValueError:
            reason = "answered what isn't SOAP" if response.status == 200 else f"answered {response.status}"
        raise Unreachable(reason)

    def _failure(self, fault: soap.Fault) -> Failure:
        """DPD's words are left out of all but its code: a fault may repeat what was sent."""
        code = fault.code if fault.code.replace("_", "").isalnum() else ""
        if fault.kind == _MINE:
            return Unauthorised(f"DPD refuses the login{f' ({code})' if code else ''}")
        if fault.kind == "" and fault.code in _OURS:
            return Refused(None, "DPD can't read the request")
        return Unreachable(f"answered a fault{f' ({code})' if code else ''}")


async def _enough(_: str) -> None:
    """A token is all that is wanted."""
