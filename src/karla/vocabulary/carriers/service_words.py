"""Words that stand beside a carrier's name and don't change whose name it is."""

from typing import Final

from karla.vocabulary.carriers.names import folded_words

SERVICE_WORDS: Final = frozenset(
    folded_words(
        # English
        "standard express economy eco econ premium priority prio plus classic basic saver fast rapid direct next"
        " same day days hour hours overnight morning evening weekend saturday sunday business b2b b2c private"
        " international national domestic worldwide global world intl int eu europe european tracked tracking"
        " signed signature registered recorded insured insurance untracked expedited regular flat rate mail letter"
        " parcel parcels package packages packet delivery deliveries shipping shipment service services office"
        " courier couriers carrier carriers freight cargo logistics transport post home door dropoff drop off"
        " pickup pick up point points shop store parcelshop servicepoint locker lockers box collect collection"
        " ground air airmail surface road sea rail small medium large bulky heavy return returns ecommerce online"
        " cod ddp dap dpu lite free paid prepaid label labels man men class first second via by with without from"
        " to for on of in and or the our guaranteed flex"
        # German
        " versand versandkostenfrei standardversand expressversand kostenlos kostenlose kostenloser kostenfrei"
        " kostenfreier gratisversand lieferung expresslieferung zustellung zusteller zustelldienst lieferdienst"
        " unternehmen dienstleister anbieter partner paket pakete päckchen paketversand paketdienst paketshop"
        " packstation filiale postfiliale abgabe abholung brief briefe sendung kurier kurierdienst spedition"
        " stückgut logistik nachnahme samstag abend morgen werktag werktage tag tage stunden inland ausland"
        " weltweit deutschlandweit europaweit versichert versicherter versicherte unversichert gogreen klima"
        " klimaneutral mit ohne per und oder bis ab vom von der die das des den dem im am zum zur nach für über"
        " inkl exkl innerhalb unser klein kleine mittel gross grosse sperrgut standardpaket haustür tür wunschtag"
        " wunschort termin mann zwei rücksendung retoure"
        # French
        " livraison livraisons colis suivi suivie rapide domicile relais retrait bureau gratuite gratuit offerte"
        " recommandé recommandée transporteur messagerie expédition envoi internationale avec sans par chez le la"
        " les en au aux du de et ou pour heures jours ouvrés lendemain standarde économique"
        # Spanish and Portuguese
        " envío envíos entrega entregas urgente mensajería paquetería paquete nacional internacional gratis"
        " gratuito estándar económico domicilio oficina recogida con sin por para horas días el los y o e com sem"
        " transportista transportadora encomenda encomendas expresso grátis casa dias úteis"
        # Italian
        " spedizione spedizioni corriere consegna espresso pacco pacchi rapido rapida gratuita internazionale"
        " nazionale ordinaria ordinario celere ritiro ore giorni senza tramite di da a il lo vettore posta"
        # Dutch
        " verzending bezorging bezorgen pakket pakketten brievenbuspakje brievenbus avond levering thuis"
        " thuisbezorging aangetekend met zonder naar binnen voor vervoerder vandaag werkdag werkdagen"
        # Polish, Czech, Slovak and Hungarian
        " kurierska kurierem przesyłka dostawa paczka standardowa darmowa pobranie przedpłata punkt odbioru"
        " przewoźnik dopravce do drzwi z w doručení doprava balík dobírka zásilka výdejní místo na adresu domů"
        " kuriér futár futárszolgálat házhozszállítás csomagpont csomag"
        # Nordic and Baltic
        " frakt fri leverans hemleverans hem ombud pakke pakker hjemmelevering hjemlevering hjem fragt til dören"
        " privat erhverv toimitus kotiinkuljetus noutopiste postipaketti paštomatas pakiautomaat"
    )
)
"""Words beside a carrier's name that don't change whose name it is."""
