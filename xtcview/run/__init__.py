"""Files of a run -> events: psana's interface, random access first."""
