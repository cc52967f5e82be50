/* Stands for NVIDIA's driver library, so that the real Python binding runs on it.
 *
 * The file named by FAKE_NVML is read anew at each call; lines are "key value":
 *   count 2                     GPUs
 *   0.used 1000                 a figure of GPU 0; what has no line answers NOT_SUPPORTED
 *   0.error 15                  GPU 0 answers everything with this NVML error
 *   error.nvmlDeviceGetName 999 this function answers everybody with this error
 *   init 9                      nvmlInit fails so
 *   hang 1                      every call hangs until the line is gone
 *   0.processes 42:1000,43:-    pid:bytes, "-" for "not available" (2^64-1)
 * With -DOLD_DRIVER it lacks what drivers of some years ago lack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUCCESS 0
#define INVALID_ARGUMENT 2
#define NOT_SUPPORTED 3
#define INSUFFICIENT_SIZE 7

typedef struct { int index; } Device;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned int gpu, memory; } Utilization;
typedef struct { unsigned int pid; unsigned long long used; unsigned int gpu_instance, compute_instance; } Process;
typedef struct { unsigned int version, sensor; int temperature; } Temperature;

static Device devices[8] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};

static int look_up(const char *key, char *value, size_t size)
{
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    size_t length = strlen(key);
    int found = 0;

    while (file && !found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            line[strcspn(line, "\n")] = 0;
            snprintf(value, size, "%s", line + length + 1);
            found = 1;
        }
    }
    if (file)
        fclose(file);
    return found;
}

static int gate(const char *function, Device *device)
{
    char key[160], value[32];

    while (look_up("hang", value, sizeof value))
        usleep(5000);
    snprintf(key, sizeof key, "error.%s", function);
    if (look_up(key, value, sizeof value))
        return atoi(value);
    if (device) {
        snprintf(key, sizeof key, "%d.error", device->index);
        if (look_up(key, value, sizeof value))
            return atoi(value);
    }
    return SUCCESS;
}

static int text_of(Device *device, const char *name, char *value, size_t size)
{
    char key[64];

    snprintf(key, sizeof key, "%d.%s", device->index, name);
    return look_up(key, value, size) ? SUCCESS : NOT_SUPPORTED;
}

static int number_of(Device *device, const char *name, unsigned long long *number)
{
    char value[64];
    int result = text_of(device, name, value, sizeof value);

    if (result == SUCCESS)
        *number = value[0] == '-' ? (unsigned long long)strtoll(value, NULL, 10) : strtoull(value, NULL, 10);
    return result;
}

#define ENTER(device) do { int refused = gate(__func__, device); if (refused) return refused; } while (0)

#define NUMBER(function, name) \
    int function(Device *device, unsigned int *result) \
    { \
        unsigned long long number; \
        int answer; \
        ENTER(device); \
        answer = number_of(device, name, &number); \
        if (answer == SUCCESS) *result = (unsigned int)number; \
        return answer; \
    }

#define LONG_NUMBER(function, name) \
    int function(Device *device, unsigned long long *result) \
    { \
        ENTER(device); \
        return number_of(device, name, result); \
    }

int nvmlInitWithFlags(unsigned int flags)
{
    char value[32];

    (void)flags;
    ENTER(NULL);
    return look_up("init", value, sizeof value) ? atoi(value) : SUCCESS;
}

int nvmlShutdown(void) { ENTER(NULL); return SUCCESS; }

const char *nvmlErrorString(int result)
{
    static char text[32];
    snprintf(text, sizeof text, "error %d", result);
    return text;
}

int nvmlSystemGetDriverVersion(char *version, unsigned int size)
{
    ENTER(NULL);
    snprintf(version, size, "%s", "570.00");
    return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned int *count)
{
    char value[32];

    ENTER(NULL);
    *count = look_up("count", value, sizeof value) ? (unsigned int)atoi(value) : 0;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **device)
{
    if (index >= 8)
        return INVALID_ARGUMENT;
    ENTER(&devices[index]);
    *device = &devices[index];
    return SUCCESS;
}

int nvmlDeviceGetName(Device *device, char *name, unsigned int size)
{
    ENTER(device);
    return text_of(device, "name", name, size);
}

int nvmlDeviceGetUUID(Device *device, char *uuid, unsigned int size)
{
    ENTER(device);
    return text_of(device, "uuid", uuid, size);
}

int nvmlDeviceGetMemoryInfo(Device *device, Memory *memory)
{
    ENTER(device);
    if (number_of(device, "total", &memory->total) != SUCCESS)
        return NOT_SUPPORTED;
    number_of(device, "used", &memory->used);
    if (number_of(device, "free", &memory->free) != SUCCESS)
        memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(Device *device, Utilization *rates)
{
    unsigned long long busy;

    ENTER(device);
    if (number_of(device, "busy", &busy) != SUCCESS)
        return NOT_SUPPORTED;
    rates->gpu = (unsigned int)busy;
    rates->memory = 0;
    return SUCCESS;
}

NUMBER(nvmlDeviceGetPowerUsage, "power_mw")
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "limit_mw")

int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned int *result)
{
    unsigned long long number;
    int answer;

    (void)sensor;
    ENTER(device);
    answer = number_of(device, "temperature", &number);
    if (answer == SUCCESS)
        *result = (unsigned int)number;
    return answer;
}

int nvmlDeviceGetTemperatureThreshold(Device *device, int kind, unsigned int *result)
{
    unsigned long long number;
    int answer;

    (void)kind;
    ENTER(device);
    answer = number_of(device, "slowdown", &number);
    if (answer == SUCCESS)
        *result = (unsigned int)number;
    return answer;
}

int nvmlDeviceGetClockInfo(Device *device, int kind, unsigned int *result)
{
    unsigned long long number;
    int answer;

    ENTER(device);
    answer = number_of(device, kind == 2 ? "memory_clock" : "clock", &number);
    if (answer == SUCCESS)
        *result = (unsigned int)number;
    return answer;
}

static int processes(Device *device, const char *name, unsigned int *count, Process *list)
{
    char value[512], *part, *rest;
    unsigned int found = 0;

    if (text_of(device, name, value, sizeof value) != SUCCESS) {
        *count = 0;
        return SUCCESS;
    }
    if (list == NULL) {
        *count = 8;
        return INSUFFICIENT_SIZE;
    }
    for (part = strtok_r(value, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        char *size = strchr(part, ':') + 1;
        list[found].pid = (unsigned int)strtoul(part, NULL, 10);
        list[found].used = *size == '-' ? ~0ULL : strtoull(size, NULL, 10);
        found++;
    }
    *count = found;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v2(Device *device, unsigned int *count, Process *list)
{
    ENTER(device);
    return processes(device, "processes", count, list);
}

LONG_NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, "throttle")

#ifndef OLD_DRIVER
LONG_NUMBER(nvmlDeviceGetTotalEnergyConsumption, "energy_mj")
LONG_NUMBER(nvmlDeviceGetCurrentClocksEventReasons, "throttle")

int nvmlDeviceGetComputeRunningProcesses_v3(Device *device, unsigned int *count, Process *list)
{
    ENTER(device);
    return processes(device, "processes", count, list);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(Device *device, unsigned int *count, Process *list)
{
    ENTER(device);
    return processes(device, "graphics", count, list);
}

int nvmlDeviceGetTemperatureV(Device *device, Temperature *result)
{
    unsigned long long number;
    int answer;

    ENTER(device);
    answer = number_of(device, "temperature", &number);
    if (answer == SUCCESS)
        result->temperature = (int)number;
    return answer;
}
#endif
