//! A TCP proxy on loopback that cuts, stalls, delays and counts.
