"""Motions that no person and no policy makes: going home, without touching oneself."""
