"""The room: where students' code runs, knowing inputs and never answers.

======================  =========================================================================
runs inside the room    `server` (forks for the exercises of a student together, and again for each
                        that is not right), `world`, `inert`, `lockdown`, and its end of `wire`
stays with the grader   `launcher` (starts a room, asks it, ends it), `policy` (what a room may do),
                        `probe` (does this machine hold?), and the other end of `wire`
======================  =========================================================================
"""
