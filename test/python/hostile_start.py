"""A module to preload that plays frames while its worker starts."""

from hostile import play_at_import

play_at_import()
