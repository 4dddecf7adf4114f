"""How a shop does."""

from typing import Unpack

from karla.client.analytics import TrackingPageUse, UseFilters
from karla.client.calls import Given
from karla.client.operations import Resource, S, operation


class Analytics(Resource[S]):
    """What Karla counted."""

    @operation("v1ShopsAnalyticsTrackingPage", "GET /v1/shops/{slug}/analytics/tracking-page", TrackingPageUse)
    def tracking_page(self, **span: Unpack[UseFilters]) -> Given:
        """How often the tracking page was opened and clicked, as a whole and day by day."""
        return Given(query=span)
