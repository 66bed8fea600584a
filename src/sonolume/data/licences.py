"""Which items may be used commercially, by the code of their licence.

A code is listed only if the licence itself permits commercial use and was given by somebody who
could give it. That some ask for attribution or for the same terms (CC-BY, CC-BY-SA, ODbL, GPL) is
for whoever publishes the result.

Left out on purpose: CC-BY-NC-3.0 and all "research" codes; CC-Sampling-Plus-1.0, which forbids
advertising; "unstated"; "pexels", whose terms limit collecting; "cc0-as-listed", "cc-by-4.0-set"
and "gpl-3.0-repo", where a collector licensed pictures found on the web.
"""

from typing import Final

COMMERCIAL: Final = frozenset(
    {
        "CC0-1.0",
        "public-domain",
        "CC-BY",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC-BY-SA-3.0",
        "CC-BY-SA-4.0",
        "ODbL-1.0",
        "MIT",
        "GPL-2.0-or-later",
        "cc0",
        "mit",
    }
)

# Of the captions only COCO's: AudioCaps, Clotho and Flickr8k are for research or non-commercial
# use. WordNet, the term lists and the phrasebook have no such limits and are always read.
COMMERCIAL_CAPTIONS: Final = frozenset({"coco"})
