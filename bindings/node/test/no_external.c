/*
 * What a runtime without external buffers (Electron) answers. The addon is built
 * with this beside it by test/no_external.js, which gives the call another name.
 */
#define NAPI_VERSION 8
#include <node_api.h>

napi_status napi_create_external_arraybuffer(napi_env env, void *data,
					     size_t length,
					     napi_finalize finalize, void *hint,
					     napi_value *result)
{
	(void)env;
	(void)data;
	(void)length;
	(void)finalize;
	(void)hint;
	(void)result;
	return (napi_status)22;	/* napi_no_external_buffers_allowed */
}
