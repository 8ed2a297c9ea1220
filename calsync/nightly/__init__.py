"""The night: in what order things happen. The only room that knows all the others.

    read → settle → judge → keep → allocate → keep → summarise → queue → send

A calendar is replaced whole or not at all; a fault costs one event, one calendar or one mail and is
named in the report; a second run of the same night changes nothing and sends nothing.
"""
