"""Things that are called like people, and words of languages that people are called by.

Rule: a word is here because texts about systems, shops and calendars use it for something else than a person: software,
places, months, gods and planets, scientists' units and methods, gems and flowers, makers. It takes no name away; it
asks for more evidence that somebody is meant.
"""

from __future__ import annotations

import re
from typing import Final

CALLED: Final = frozenset(
    re.findall(
        r"[a-z]+",
        # Software, models, machines.
        "ada alexa albert alpaca ambrosia ansible apollo ariane artemis astro athena atlas aurora avro babel basil "
        "bazel bert bitnami bixby bootstrap calico cargo cassandra celery ceph chef cilium claude clojure cognito "
        "cortana couch crystal cucumber curl cypress dagger darwin dask delphi denver derby django docker dolly "
        "dragonfly duet druid eiffel elixir ember erlang eureka falcon fedora fiona flask flora flux gemini gemma "
        "gerrit gradle grafana groovy gunicorn hades harbor haskell helm hermes hudson hue hugo ignite impala iris "
        "istio ivy jasmine jasper jenkins jersey jest jib joomla julia juniper kafka karma keras kibana kong "
        "kubernetes lambda llama loki lucene luigi magento mahout marathon marvin maven mercury merlin mesos metis "
        "mimir minerva mistral mocha mojo monty nagios nessus nexus nomad nova oozie opus orca orion orleans oscar "
        "padrino pascal perl phoebe phoenix piper podman pony prometheus puppet python quark quarkus rasa redis rex "
        "robin roberta ruby rufus rust salt samba sara saturn scala selenium sentry sherlock sigma simon siri solr "
        "sonar spark sphinx spinnaker spring struts swift symfony tempo tesla thanos theano thor thrift titan tomcat "
        "tornado travis trino trixie ursa vagrant vala valkey vault velero vicuna vite vito wanda watson wren yarn "
        "zeppelin zeus zora zuul bard bishop maria mariadb mary "
        # Gods, planets, heroes, animals of stories.
        "adam xavier nesterov kaiming achilles adonis ajax aphrodite apollon ares ariel argus callisto castor ceres "
        "chronos cronos demeter diana dione echo eros europa freya freyja gaia galileo ganymede hector hera hercules "
        "hermione io isis janus juno jupiter kepler leda lima luna mars miranda nemo neptune nike oberon odin "
        "odysseus osiris pan pandora perseus pluto poseidon ra rhea romulus selene sparta triton umbriel uranus venus "
        "vesta vulcan wotan "
        # Scientists as units, methods, laws, illnesses, tools.
        "abel allen alzheimer ampere archimedes avogadro babbage bayes becquerel bell bellman bernoulli bessel bloom "
        "bohr boltzmann boole bunsen cantor carnot cauchy celsius cholesky church codd cohen coulomb crohn curie "
        "dalton dewar dijkstra diesel dirac doppler dow down edison einstein elo erlang euclid euler faraday fermat "
        "fermi feynman fibonacci fisher fields ford fourier foley frank franklin galton gauss geiger gibbs glass "
        "godel gray hamming hellman hertz hilbert hodgkin holter hooke horner howard huffman jacobi jones joule "
        "kalman karnaugh kelly kelvin knuth kruskal lagrange laplace lebesgue levenshtein lovelace lorentz mach "
        "mandelbrot markov marquardt maxwell mendel merkle miller mohs monte moore moran nagle nash newton "
        "nightingale nobel nyquist ohm occam pareto parkinson pascal pasteur pearson petri phillips planck poisson "
        "prim pulitzer raphson richter riemann roe runge sarbanes oxley shannon sharpe shor siemens spearman stanley "
        "sterling student tesla tukey turing turner venn volta watt weber weibull wilcoxon winkler zipf ziegler dodd "
        "gramm leach bliley glass steagall hatch hart taft "
        # Months, days, seasons, holidays.
        "april may june july august mai juni juli augusto avril marzo abril mayo junio julio enero august noel natale "
        "navidad easter summer autumn winter sunday friday monday tuesday wednesday thursday saturday valentine "
        "patrick nicholas nikolaus carnival dominic domingo advent epiphany pascal pasqua pascua paques "
        # Gems, flowers, colours, food.
        "amber basil beryl blossom bloody caesar cherry chardonnay clementine coral daisy dahlia dawn ebony emerald "
        "erica fern flora ginger hazel heather holly hyacinth iris ivory jade jasmine jonquil lavender lily linden "
        "magnolia margherita marigold melba melissa merlot myrtle olive opal pansy pearl penny peach pepper perry "
        "poppy primrose rosa rose rosemary rosy ruby saffron sage sandy sapphire scarlet scarlett sienna silver "
        "sorrel suzette sylvia tansy teal topaz tulip verbena viola violet willow brandy candy colin collins cooper "
        "earl melba benedict "
        # Words that begin sentences or do things.
        "bill bob buck cash chance chase chuck clay cliff dale dean destiny dot drew duke faith finn flint frank fund "
        "gale gene grace grant guy harmony harry hope hunter jack jerry jim jimmy joy justice king lane lance lee "
        "liberty major mac mark marshal marshall mason max maverick mercy miles neo nick nova octavia page paige park "
        "pat patience peg penn pierce prince prudence queen ray reed rich rob rocky rod rusty serenity skip sky skye "
        "star sterling storm sue summer tab terry tony trinity trip tripp tucker victor wade ward warren will wish "
        "woody marquis baron count "
        # Places that bear a name of people, or give one.
        "abilene adelaide alberta alexandria america andes arlington asia athens austin bath berlin bethany boston "
        "brandon bremen brest brisbane bristol brooklyn bryan burton cairo carolina carson chad charleston charlotte "
        "chelsea chester cheyenne china clara clayton clifton cologne columbia columbus dakota dallas darwin dayton "
        "delaware denver devon dublin durham elizabeth essex eugene everett fargo fernando florence florida fort "
        "francisco frankfurt fulton geneva georgetown georgia gary glasgow guernsey hamilton hampton harlem havana "
        "helena henderson holland houston hudson india indiana ireland irving israel jackson jamaica jefferson jersey "
        "johannesburg jordan jose juan kansas kent kenya kiel kingston lafayette lansing laredo laurel lincoln lima "
        "lisbon logan london lorraine louis louise louisiana lourdes lucia lyon madison madrid malta marino marsala "
        "marseille martinique maryland melbourne memphis mesa mexico miami milan milton mobile monaco montana "
        "montgomery montreal moscow munich nancy naples nevada newark newport nice norfolk odessa olympia orlando "
        "oslo ottawa oxford paris pasadena perth philadelphia phoenix preston provence quebec raleigh regina reno "
        "richmond rio rochester roma roman rome salem salvador samara san santa santiago santos savannah seattle "
        "sebastian seville shannon sheffield shelby siena sierra sofia spokane stafford stockholm surrey sydney "
        "sylvania tampa texas toledo torrance trent tripoli troy tulsa tyler utah valencia valentia valparaiso "
        "vancouver vera vernon verona victoria vienna vincent virginia waco wales warsaw washington wellington "
        "windsor winston worcester york zurich cruz ana bernardo caetano jorge helier moritz gallen polten petersburg "
        # Makers, brands, awards.
        "abbott adler armani avis baker belkin benz boss branson braun bosch cadbury carnegie casio cartier chanel "
        "chevron chrysler colgate dell dior disney emmy epson ericsson ferrari fuji grammy gucci harley heinz henkel "
        "hermes hilton honda hopkins hugo johnson kellogg klein kodak lauren lenovo levi lloyd lockheed louis mars "
        "marriott mattel mercedes merck merrill michelin morgan nestle nokia oscar otis pfizer philips porsche prada "
        "procter purina ralph renault rolex salomon sachs samsung schwab seagate sherman singer sony stanley steinway "
        "tiffany toyota tudor vaillant versace vuitton walmart warner wells wendy whitney yamaha zeiss",
    )
)
"""Besides names: what more there is to it is said by what stands around it."""

NAMESAKES: Final = frozenset(
    re.split(
        r", ",
        "alfa romeo, alice springs, anna karenina, aston martin, big bertha, billie jean, bloody mary, burger king, "
        "calamity jane, calvin klein, carl zeiss, caro kann, charles de gaulle, charles schwab, christian dior, "
        "cooper black, crepe suzette, dale carnegie, dolce gabbana, dom perignon, don giovanni, don juan, don "
        "quijote, don quixote, donna karan, dr martens, earl grey, eli lilly, elizabeth arden, ernst young, estee "
        "lauder, fisher price, forrest gump, franklin gothic, gianni versace, gill sans, giorgio armani, granny "
        "smith, guy fawkes, hale bopp, harley davidson, harry potter, helly hansen, herman miller, hugo boss, jack "
        "wolfskin, jaeger lecoultre, jane eyre, jaro winkler, jeanne lanvin, jerry can, jim beam, jimmy choo, joan of "
        "arc, john deere, johnnie walker, johnny walker, johns hopkins, karl lagerfeld, kate spade, kraft heinz, lady "
        "luck, le corbusier, levenberg marquardt, levi strauss, liz claiborne, louis roederer, louis vuitton, marc "
        "jacobs, marc o polo, maria theresia, marks spencer, martin luther, martin luther king, mary poppins, max "
        "mara, max planck, merrill lynch, michael kors, moby dick, mont blanc, monte carlo, monte rosa, morgan "
        "stanley, mother teresa, nina ricci, oliver twist, oscar mayer, papa johns, patek philippe, philip morris, "
        "price waterhouse, procter gamble, queen mary, ralph lauren, ray ban, raymond weil, robert bosch, robin hood, "
        "rolls royce, ruy lopez, saint laurent, salvatore ferragamo, santa claus, sarbanes oxley, sherlock holmes, "
        "sherwin williams, steinway sons, stella artois, stella mccartney, swan ganz, tim hortons, tom collins, tom "
        "tailor, tommy hilfiger, tory burch, trader joes, victoria secret, vivienne westwood, walt disney, william "
        "sonoma, winnie pooh, yves rocher, yves saint laurent",
    )
)
"""Makers, shops, works, drinks and methods that bear the whole name of somebody, and hardly anybody else does."""
