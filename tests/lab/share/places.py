"""Two sites' places for these tests: a plain one, and one with names of its own."""

from iea_fleet.lab.share.files import SharePlace

JUDO = SharePlace("SRV-JUDO")
CHOIR = SharePlace("SRV-CHORALE", share="Compta", folder="Données", address="192.0.2.21")
DATABASE_BYTES = b"SQLite format 3\x00"
