/* NVML's functions, by NVIDIA's public reference, that answer what a script says.
 *
 * The script is the file that NVML_STUB_SCRIPT names, read anew on every call; no file: the driver is not
 * loaded. A line is KEY and VALUE; the last line of a key counts. A value of !N is NVML's error N; a key
 * that is not there is an answer that the device does not support.
 *
 *   init !18                    what nvmlInit says
 *   driver 550.54.15            the version
 *   count 8                     how many devices
 *   0.uuid GPU-..               of device 0; of its first MIG part the keys begin with 0:0
 *   0 !15                       every call about device 0
 *   all !9                      every call but nvmlInit
 *   0.power.wait 2              seconds until the call answers; also 0.wait and wait. A call that waits ends
 *                               as soon as the line is gone.
 *
 * The fields of a device, in the order of the functions below:
 *   name uuid pci mode mig parts gi ci joined (indices) | memory (TOTAL RESERVED USED) util encoder decoder
 *   power limit (milliwatts) temperature ecc | compute graphics mps (PID,BYTES,GI,CI ..) samples
 *   (PID,MICROSECONDS AGO,SM ..; a - ago is rubbish of no time); compute.told COUNT TIMES lets the first calls tell another length.
 * Where NVML_STUB_CALLS names a file, each call adds the line of its key to it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9, FUNCTION_NOT_FOUND = 13, GPU_IS_LOST = 15, RESET_REQUIRED = 16,
    LIB_RM_VERSION_MISMATCH = 18, UNKNOWN = 999
};
enum { DEVICES = 32, PARTS = 8, LINE = 8192, NOT_AVAILABLE = -1 };

typedef int nvmlReturn_t;
typedef struct { unsigned index; int part; } *nvmlDevice_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } nvmlMemory_v2_t;
typedef struct { unsigned gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned version, sensor; int temperature; } nvmlTemperature_t;
typedef struct { unsigned pid; unsigned long long memory; unsigned gi, ci; } nvmlProcessInfo_t;
typedef struct { unsigned pid; unsigned long long time; unsigned sm, memory, encoder, decoder; } nvmlProcessUtilizationSample_t;
typedef struct {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char address[32];
} nvmlPciInfo_t;

static int references;
static unsigned told;

/* The value of the last line of the key; whether there is one. */
static int look(const char *key, char *value)
{
    const char *path = getenv("NVML_STUB_SCRIPT");
    FILE *script = path ? fopen(path, "r") : NULL;
    char line[LINE];
    size_t length = strlen(key);
    int found = 0;
    if (!script)
        return 0;
    while (fgets(line, sizeof line, script)) {
        line[strcspn(line, "\r\n")] = 0;
        if (strncmp(line, key, length) == 0 && (line[length] == ' ' || !line[length])) {
            strcpy(value, line + length + (line[length] == ' '));
            found = 1;
        }
    }
    fclose(script);
    return found;
}

/* Lets the time of the key's line go by, for as long as the line is there. */
static void wait_for(const char *subject, const char *field)
{
    char key[128], value[LINE];
    const struct timespec moment = {0, 10000000};
    double waited = 0;
    snprintf(key, sizeof key, "%s%s%s%swait", subject, *subject ? "." : "", field, *field ? "." : "");
    while (look(key, value) && waited < atof(value)) {
        nanosleep(&moment, NULL);
        waited += 0.01;
    }
}

static void note(const char *key)
{
    const char *path = getenv("NVML_STUB_CALLS");
    FILE *calls = path ? fopen(path, "a") : NULL;
    if (calls) {
        fprintf(calls, "%s\n", key);
        fclose(calls);
    }
}

static nvmlReturn_t error_of(const char *key, char *value)
{
    return look(key, value) && *value == '!' ? atoi(value + 1) : SUCCESS;
}

/* What the script says of a field of a subject (a device, a part, or the driver: empty). */
static nvmlReturn_t answer(const char *subject, const char *field, char *value)
{
    char key[128];
    nvmlReturn_t error;
    snprintf(key, sizeof key, "%s%s%s", subject, *subject ? "." : "", field);
    note(key);
    wait_for("", "");
    if (*subject)
        wait_for(subject, "");
    wait_for(subject, field);
    if (!references)
        return UNINITIALIZED;
    if ((error = error_of("all", value)) || (*subject && (error = error_of(subject, value))))
        return error;
    if (!look(key, value))
        return NOT_SUPPORTED;
    return *value == '!' ? atoi(value + 1) : SUCCESS;
}

static nvmlReturn_t of_device(nvmlDevice_t device, const char *field, char *value)
{
    char subject[32];
    if (!device) {
        note("no handle");
        return INVALID_ARGUMENT;
    }
    if (device->part < 0)
        snprintf(subject, sizeof subject, "%u", device->index);
    else
        snprintf(subject, sizeof subject, "%u:%d", device->index, device->part);
    return answer(subject, field, value);
}

static nvmlReturn_t number(nvmlDevice_t device, const char *field, unsigned *told_number)
{
    char value[LINE];
    nvmlReturn_t result = of_device(device, field, value);
    if (result == SUCCESS)
        *told_number = (unsigned)strtoul(value, NULL, 10);
    return result;
}

static nvmlReturn_t text(nvmlDevice_t device, const char *field, char *told_text, unsigned length)
{
    char value[LINE];
    nvmlReturn_t result = of_device(device, field, value);
    if (result == SUCCESS && strlen(value) >= length)
        return INSUFFICIENT_SIZE;
    if (result == SUCCESS)
        strcpy(told_text, value);
    return result;
}

/* ---- the library and the driver ---- */

nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    char value[LINE];
    const char *path = getenv("NVML_STUB_SCRIPT");
    FILE *script = path ? fopen(path, "r") : NULL;
    nvmlReturn_t error;
    (void)flags;
    note("init");
    if (!script)
        return DRIVER_NOT_LOADED;
    fclose(script);
    wait_for("", "");
    wait_for("", "init");
    if ((error = error_of("init", value)))
        return error;
    references++;
    told = 0;
    return SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

nvmlReturn_t nvmlShutdown(void)
{
    note("shutdown");
    if (!references)
        return UNINITIALIZED;
    references--;
    return SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result)
{
    switch (result) {
    case SUCCESS: return "The operation was successful";
    case UNINITIALIZED: return "Uninitialized";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    case RESET_REQUIRED: return "GPU requires reset";
    case LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    char value[LINE];
    nvmlReturn_t result = answer("", "driver", value);
    if (result == SUCCESS)
        snprintf(version, length, "%s", value);
    return result;
}

/* ---- which devices there are ---- */

static nvmlDevice_t handle(unsigned index, int part)
{
    static struct { unsigned index; int part; } handles[DEVICES][PARTS + 1];
    handles[index][part + 1].index = index;
    handles[index][part + 1].part = part;
    return (nvmlDevice_t)(void *)&handles[index][part + 1];
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    char value[LINE];
    nvmlReturn_t result = answer("", "count", value);
    if (result == SUCCESS)
        *count = (unsigned)atoi(value);
    return result;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    char value[LINE];
    nvmlReturn_t result;
    if (index >= DEVICES)
        return INVALID_ARGUMENT;
    result = of_device(handle(index, -1), "handle", value);
    if (result != SUCCESS && result != NOT_SUPPORTED)
        return result;
    *device = handle(index, -1);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    return text(device, "name", name, length);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    return text(device, "uuid", uuid, length);
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    char value[LINE];
    unsigned function;
    nvmlReturn_t result = of_device(device, "pci", value);
    if (result != SUCCESS)
        return result;
    memset(pci, 0, sizeof *pci);
    if (sscanf(value, "%x:%x:%x.%x", &pci->domain, &pci->bus, &pci->device, &function) != 4)
        return UNKNOWN;
    snprintf(pci->address, sizeof pci->address, "%08X:%02X:%02X.0", pci->domain, pci->bus, pci->device);
    snprintf(pci->legacy, sizeof pci->legacy, "%04X:%02X:%02X.0", pci->domain & 0xffff, pci->bus & 0xff, pci->device & 0xff);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, unsigned *mode)
{
    return number(device, "mode", mode);
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    nvmlReturn_t result = number(device, "mig", current);
    *pending = *current;
    return result;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    return number(device, "parts", count);
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *part)
{
    char value[LINE], key[64];
    if (!device || device->part >= 0 || index >= PARTS)
        return INVALID_ARGUMENT;
    snprintf(key, sizeof key, "%u:%u.uuid", device->index, index);
    if (!look(key, value))
        return NOT_FOUND;
    *part = handle(device->index, (int)index);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
    return number(device, "gi", id);
}

nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id)
{
    return number(device, "ci", id);
}

nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, int capability, int *status)
{
    enum { NVLINK = 2, OK = 0, DEVICE_NOT_SUPPORTED = 2 };
    char value[LINE];
    char *index;
    nvmlReturn_t result = of_device(one, "joined", value);
    if (result != SUCCESS)
        return result;
    if (!other || capability != NVLINK)
        return INVALID_ARGUMENT;
    *status = DEVICE_NOT_SUPPORTED;
    for (index = strtok(value, " "); index; index = strtok(NULL, " "))
        if ((unsigned)atoi(index) == other->index)
            *status = OK;
    return SUCCESS;
}

/* ---- what a device does ---- */

static nvmlReturn_t memory_of(nvmlDevice_t device, unsigned long long *total, unsigned long long *reserved, unsigned long long *used)
{
    char value[LINE];
    nvmlReturn_t result = of_device(device, "memory", value);
    if (result == SUCCESS && sscanf(value, "%llu %llu %llu", total, reserved, used) != 3)
        return UNKNOWN;
    return result;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    char value[LINE];
    nvmlReturn_t result = error_of("memory_v2", value);
    if (result == SUCCESS)
        result = memory_of(device, &memory->total, &memory->reserved, &memory->used);
    if (result == SUCCESS)
        memory->free = memory->total - memory->reserved - memory->used;
    return result;
}

/* The first version counts what the driver keeps for itself as used. */
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    unsigned long long reserved = 0;
    nvmlReturn_t result = memory_of(device, &memory->total, &reserved, &memory->used);
    if (result == SUCCESS) {
        memory->used += reserved;
        memory->free = memory->total - memory->used;
    }
    return result;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    utilization->memory = 0;
    return number(device, "util", &utilization->gpu);
}

nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    *period = 167000;
    return number(device, "encoder", utilization);
}

nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    *period = 167000;
    return number(device, "decoder", utilization);
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts)
{
    return number(device, "power", milliwatts);
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    return number(device, "limit", milliwatts);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *degrees)
{
    return sensor == 0 ? number(device, "temperature", degrees) : INVALID_ARGUMENT;
}

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature)
{
    char value[LINE];
    nvmlReturn_t error = error_of("temperature_v", value);
    return error ? error : nvmlDeviceGetTemperature(device, temperature->sensor, (unsigned *)&temperature->temperature);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned type, unsigned counter, unsigned long long *count)
{
    enum { UNCORRECTED = 1, VOLATILE = 0 };
    char value[LINE];
    nvmlReturn_t result = of_device(device, "ecc", value);
    if (type != UNCORRECTED || counter != VOLATILE)
        return INVALID_ARGUMENT;
    if (result == SUCCESS)
        *count = strtoull(value, NULL, 10);
    return result;
}

/* ---- whose processes use it ---- */

static unsigned long long field_of(char **rest)
{
    char *field = strsep(rest, ",");
    return !field || !*field || *field == '-' ? (unsigned long long)NOT_AVAILABLE : strtoull(field, NULL, 10);
}

static nvmlReturn_t processes(nvmlDevice_t device, const char *field, unsigned *count, nvmlProcessInfo_t *infos)
{
    char value[LINE], lie[LINE], key[64], *rest, *word;
    unsigned room = *count, length = 0, other, times;
    nvmlReturn_t result = of_device(device, field, value);
    if (result != SUCCESS)
        return result;
    for (rest = value; (word = strsep(&rest, " "));) {
        if (!*word)
            continue;
        if (infos && length < room) {
            infos[length].pid = (unsigned)field_of(&word);
            infos[length].memory = field_of(&word);
            infos[length].gi = (unsigned)field_of(&word);
            infos[length].ci = (unsigned)field_of(&word);
        }
        length++;
    }
    *count = length;
    snprintf(key, sizeof key, "%u.%s.told", device->index, field);
    if (!infos && look(key, lie) && sscanf(lie, "%u %u", &other, &times) == 2 && told < times) {
        told++;
        *count = other;
        return INSUFFICIENT_SIZE;
    }
    return length > room ? INSUFFICIENT_SIZE : SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos)
{
    return processes(device, "compute", count, infos);
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos)
{
    return processes(device, "graphics", count, infos);
}

nvmlReturn_t nvmlDeviceGetMPSComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos)
{
    return processes(device, "mps", count, infos);
}

nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *samples, unsigned *count, unsigned long long since)
{
    char value[LINE], *rest, *word;
    unsigned room = *count, length = 0;
    unsigned long long ago;
    struct timespec now;
    nvmlReturn_t result = of_device(device, "samples", value);
    if (result != SUCCESS)
        return result;
    clock_gettime(CLOCK_REALTIME, &now);
    for (rest = value; (word = strsep(&rest, " "));) {
        nvmlProcessUtilizationSample_t sample = {0};
        if (!*word)
            continue;
        sample.pid = (unsigned)field_of(&word);
        ago = field_of(&word);
        if (ago != (unsigned long long)NOT_AVAILABLE)
            sample.time = now.tv_sec * 1000000ULL + now.tv_nsec / 1000 - ago;
        sample.sm = (unsigned)field_of(&word);
        if (sample.time && sample.time <= since)
            continue;
        if (samples && length < room)
            samples[length] = sample;
        length++;
    }
    *count = length;
    if (!length)
        return NOT_FOUND;
    return !samples || length > room ? INSUFFICIENT_SIZE : SUCCESS;
}
