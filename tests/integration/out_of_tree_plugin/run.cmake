file(REMOVE_RECURSE ${WORK})
foreach(step
    "${CMAKE_COMMAND}|--install|${BUILD}|--component|dev|--prefix|${WORK}/prefix"
    "${CMAKE_COMMAND}|-S|${SOURCE}|-B|${WORK}/build|-G|${GENERATOR}|-DCMAKE_CXX_COMPILER=${CXX}|-DCMAKE_PREFIX_PATH=${WORK}/prefix"
    "${CMAKE_COMMAND}|--build|${WORK}/build"
    "${LOADER}|${WORK}/build|counting-sink")
  string(REPLACE "|" ";" command "${step}")
  execute_process(COMMAND ${command} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
# Found where it was looked for, not in some other installation.
file(STRINGS ${WORK}/build/CMakeCache.txt found REGEX "^connector-host_DIR:")
if(NOT found STREQUAL "connector-host_DIR:PATH=${WORK}/prefix/share/cmake/connector-host")
  message(FATAL_ERROR "built against another installation: ${found}")
endif()
file(REMOVE_RECURSE ${WORK})
