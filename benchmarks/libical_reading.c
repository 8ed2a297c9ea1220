/* The occurrences of one calendar by libical: parse, then expand in a window, overrides in place of what they replace.
 * cc -O2 libical_reading.c -o libical_reading $(pkg-config --cflags --libs libical)
 * libical_reading FILE 20250101T000000Z 20260101T000000Z      prints: seconds of CPU, occurrences */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char **names;
static size_t known, room;
static long found, answers;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int compared(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void keep(icalcomponent *event) {
    found += icalcomponent_get_summary(event) != NULL;
    for (icalproperty *p = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY); p;
         p = icalcomponent_get_next_property(event, ICAL_ATTENDEE_PROPERTY)) {
        icalparameter *said = icalproperty_get_first_parameter(p, ICAL_PARTSTAT_PARAMETER);
        answers += icalproperty_get_attendee(p) && said && icalparameter_get_partstat(said);
    }
}

static void instance(icalcomponent *event, struct icaltime_span *span, void *unused) {
    char text[1024], *name = text;
    (void)unused;
    snprintf(text, sizeof text, "%s\n%ld", icalcomponent_get_uid(event), (long)span->start);
    if (!known || !bsearch(&name, names, known, sizeof *names, compared)) keep(event);
}

static void overridden(icalcomponent *event) {
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
    char text[1024];
    if (!p) return;
    struct icaltimetype at = icalproperty_get_datetime_with_component(p, event);
    if (known == room) names = realloc(names, (room = room ? room * 2 : 256) * sizeof *names);
    snprintf(text, sizeof text, "%s\n%ld", icalcomponent_get_uid(event), (long)icaltime_as_timet_with_zone(at, at.zone));
    names[known++] = strdup(text);
}

static char *whole(const char *path) {
    FILE *file = fopen(path, "rb");
    long size;
    if (!file) exit(2);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    if (fread(text, 1, size, file) != (size_t)size) exit(2);
    text[size] = 0;
    fclose(file);
    return text;
}

int main(int count, char **given) {
    if (count != 4) return 2;
    icalerror_set_errors_are_fatal(0);
    double begun = now();
    icalcomponent *calendar = icalparser_parse_string(whole(given[1])), *event;
    struct icaltimetype first = icaltime_from_string(given[2]), last = icaltime_from_string(given[3]);
    time_t from = icaltime_as_timet(first), to = icaltime_as_timet(last);
    const icalcomponent_kind kind = ICAL_VEVENT_COMPONENT;
    for (event = icalcomponent_get_first_component(calendar, kind); event;
         event = icalcomponent_get_next_component(calendar, kind))
        overridden(event);
    qsort(names, known, sizeof *names, compared);
    for (event = icalcomponent_get_first_component(calendar, kind); event;
         event = icalcomponent_get_next_component(calendar, kind)) {
        if (!icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY)) {
            icalcomponent_foreach_recurrence(event, first, last, instance, NULL);
            continue;
        }
        struct icaltimetype start = icalcomponent_get_dtstart(event), end = icalcomponent_get_dtend(event);
        if (icaltime_as_timet_with_zone(start, start.zone) < to && icaltime_as_timet_with_zone(end, end.zone) > from)
            keep(event);
    }
    printf("%.6f %ld %ld\n", now() - begun, found, answers);
    return 0;
}
