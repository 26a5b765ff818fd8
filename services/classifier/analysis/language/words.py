"""Words that stand with a capital and are nobody's name.

Rule: a word is here because it begins sentences of agents, or names a product; a first name is never here, whatever
else it may mean (Will, Mark, April).
"""

from __future__ import annotations

import re
from typing import Final

SENTENCE_STARTERS: Final = frozenset(
    re.findall(
        r"\w+",
        "a about add added after all an and any apply archive are as at audit backup batch before best build but by "
        "call cancel change changes check clean cleanup clear close collect compare complete confirm copy could count "
        "create created customer customers daily data deactivate dear delete deleted deploy detail details disable do "
        "does done draft drop emergency enable error every execute export exported extend extract failed fetch final "
        "find fix flush for from full generate get give good has have hello here hi hourly how i if import in "
        "incident increase index initial insert internal investigate is issue it job list load look make manual merge "
        "message migrate migration missing modify monthly move need new next nightly no not note now of ok old on "
        "once one only open optimize or order our payment per perform please post prepare process project provide "
        "publish pull purge push quarterly query read rebuild recalculate recompute reconcile refresh refund "
        "regenerate reindex release remind remove rename repair replace report request requested reset resize resolve "
        "restart restore retry return review revoke rotate routine rows run save scale schedule scheduled see send "
        "set share should show so some start started status stop store subject submit summary support sync "
        "synchronize system table task temporary test thank thanks that the their then there these they this those to "
        "today trigger truncate try two undo update updated upgrade upload urgent use user users validate verify view "
        "wait was we weekly were what when where which who why with would write yearly yes you your",
    )
)
"""A text whose only capitals are these is not given to the name model."""

PRODUCTS: Final = frozenset(
    re.findall(
        r"\w+",
        "authorization bearer cookie basic header payload password passphrase secret credential credentials key keys "
        "monday tuesday wednesday thursday friday saturday sunday january february march july august september "
        "october november december error warning info debug failed success pending approved rejected null true false "
        "admin agent airflow alter amazon ansible apache api apple aws azure backup best bigquery bucket cli cluster "
        "column consul create css csv customer customers database databricks datadog dbt dear delete dev docker drop "
        "ec2 envoy etl export faust fivetran from gcp github gitlab gmt golang google grafana grant hello hi html "
        "http https iam id ids import insert invoice java jenkins jira join json kafka kms kubernetes lambda linux "
        "looker microsoft nginx node nomad oauth okta order pagerduty pipeline pod postgres postgresql prod python "
        "query redis regards report revoke router s3 schema sdk select sentry server slack snowflake sns spark splunk "
        "sql sqs staging stripe table tableau terraform test thanks ticket token tomcat truncate update url user "
        "users utc uuid vault vpc warehouse where windows yaml happy hurricane cyclone typhoon easter christmas "
        "austria belgium brazil bulgaria canada croatia denmark egypt england finland france germany greece hungary "
        "iceland italy japan latvia lithuania luxembourg mexico morocco netherlands norway poland portugal romania "
        "scotland serbia slovakia slovenia spain sweden switzerland turkey ukraine wales",
    )
)
"""What the name model takes for people."""

NOBODY: Final = SENTENCE_STARTERS | PRODUCTS
"""Capitals that are no reason to look for a name."""

THINGS: Final = frozenset(
    re.findall(
        r"\w+",
        "api app application board bot branch bucket build chart cluster container dashboard database dataset device "
        "driver engine environment filter framework gem host image instance job language library machine metrics "
        "migration model module namespace network node notebook notebooks package page pipeline platform plugin pod "
        "pods project queue release repo repository room rules runner runtime schema script server service services "
        "site stack stage store system table template test tests theme tool topic tracker tree user volume worker "
        "workers workflow workspace airport alarm bay bookcase bridge canyon chair collection desk district edition "
        "festival font gateway harbour inbound inn island junction kettle lamp layout market mono mountain outbound "
        "pool router sensor serif shard shelf shop sofa sans serif slab square stadium station studio subnet terminal "
        "tower valley villa",
    )
)
"""What stands before one of these is its name, and nobody's."""

BEFORE_NAMES_OF_THINGS: Final = (
    THINGS - {"driver", "host", "user", "worker", "bot", "page", "runner", "store"}
) | frozenset(
    re.findall(
        r"\w+",
        "gebäude grúa edificio edifício palazzo bâtiment gebouw almacén armazém depósito zaal lager platz brücke "
        "turm kran maschine anlage linie saal sedia divano lampada pension disk queue cafétéria "
        "act alias asteroid award bahnhof band base battle bill brand building bureau camp canyon cape capitol casa "
        "castle catedral centre center chapel church circle class codename collection college comet component county "
        "crater creek cup cyclone depot dorm edition entrepôt epic episode estación estate fabrik feature file "
        "filiale filial flight folder foundation gare gate grand greater guild hafen hall halle haus hms hosts hotel "
        "hurricane initiative institute island isle lake lago law lieu lieferant ligne line linea linha lines locatie "
        "loi lookup lower magasin magazijn magazzino marke marque menu milestone mission modell modelo modello modèle "
        "moon mount mountain mt musée museum new north operation palace park patch phase pico place planet planta "
        "plan plaza plugin pont porte port prix prize program programm projekt projet proyecto prédio quai raum regal "
        "region release rio river robot rocket route rua rule saint sainte sala salle salon san sankt santa santo san "
        "são sede series serie serveur servidor ship site sofa south spedition sprint square squad standort state "
        "station st storm strasse straße street studio suite tag tal theatre theorem tisch title tower track train "
        "tribe tropical truck tunnel typhoon university upper usine valley version vessel via villa ward west "
        "wing winkel zone fort east law salon lampe schrank chaise printer drone scanner projector gamme kantoor "
        "prins prinz prince princess fauteuil sessel workstream stream instance unit daemon job squad sprint wave "
        "ring league division class order society school college forklift dock monitor cable disk volume guest",
    )
)
"""What stands after one of these is its name, and nobody's."""

MONTHS: Final = frozenset(
    re.findall(
        r"\w+",
        "january february march april may june july august september october november december januar februar märz mai "
        "juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre décembre "
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre gennaio febbraio "
        "aprile maggio giugno luglio settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro "
        "outubro dezembro januari februari maart mei augustus",
    )
)
"""As the last of several words with capitals, no family's name."""

SENTENCES: Final = frozenset({"subject", "summary", "title", "topic", "page", "note", "description"})
"""Last words of names of fields in which people write about anything, and may call a thing by its name."""

NOT_PEOPLE: Final = THINGS - {"driver", "host", "runner", "user", "worker"} | frozenset(
    re.findall(
        r"\w+",
        "alarm area artefact article artifact brand campaign category city codename collection color colour common "
        "company country cultivar department destination edition feature film flag font genre genus heading holiday "
        "init kernel layout menu metric movie museum operation optimizer organisation organization palette plan plant "
        "port product region river ship song species sponsor state station step stop storm strain street style "
        "subject suburb summary task team term theme timezone title town track variant variation vehicle vendor venue "
        "vessel village wine zone",
    )
)
"""Last words of names of fields whose values are something else than a person, though it may be called like one."""
