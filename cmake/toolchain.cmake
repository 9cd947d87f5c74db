set(CH_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}/..)

# How everything of ours is compiled. Third-party headers are SYSTEM: their warnings are not ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Users get full optimisation; who develops gets half the compile time, and stack traces with lines.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-g1")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "connector-host needs g++ 12 or newer; this is ${CMAKE_CXX_COMPILER_VERSION}")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "connector-host needs clang 14 or newer; this is ${CMAKE_CXX_COMPILER_VERSION}")
endif()

add_library(ch_options INTERFACE)
target_compile_options(ch_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(ch_options INTERFACE -Wthread-safety)  # what connector-host/base/thread_annotations.hpp says
endif()
# A compiler of tomorrow must not keep a user from building; who develops is to see what it says.
target_compile_options(ch_options INTERFACE $<$<NOT:$<CONFIG:Release>>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(ch_options INTERFACE -Wno-restrict)  # false for `"text" + std::string`: GCC bug 105651
endif()
target_compile_options(ch_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:-fstack-protector-strong>)
# What a program that reads what strangers send is to be compiled with; where the processor has no such check, the flag is not known.
include(CheckCXXCompilerFlag)
target_compile_options(ch_options INTERFACE $<$<CONFIG:Release>:-fstack-clash-protection>)
check_cxx_compiler_flag(-fcf-protection CH_HAS_CF_PROTECTION)
if(CH_HAS_CF_PROTECTION)
  target_compile_options(ch_options INTERFACE $<$<CONFIG:Release>:-fcf-protection>)
endif()
add_link_options($<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
target_compile_definitions(ch_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> CH_VERSION="${PROJECT_VERSION}")
if(CH_FAILPOINTS)
  target_compile_definitions(ch_options INTERFACE CH_FAILPOINTS=1)
endif()

# Several sources are compiled as one (CMAKE_UNITY_BUILD, but for the preset dev): a whole build in a third of the time. What two of
# them may then see of one another is what dev, where each stands alone, finds out.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)  # taken together a source looks like a header
endif()

if(CH_SANITIZE)
  add_compile_options(-fsanitize=${CH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CH_SANITIZE})
  if(CH_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Boost.Asio has a fence, which g++ warns that the sanitizer does not see
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # What one checkout has compiled serves all others on the machine: paths are kept relative to the checkout.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# No record passes here: how long users wait for their first build counts more than the last percents of speed.
function(ch_cold name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# A room: one static library of the host, which may only use the rooms and packages it names. COLD: see ch_cold.
function(ch_room name)
  cmake_parse_arguments(ROOM "COLD" "" "SOURCES;USES" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${CH_SOURCE_DIR}/connector-host)
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ch_options)
  # Under which name base/log.hpp knows it: that of its folder.
  get_filename_component(room ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  target_compile_definitions(${name} PRIVATE CH_LOG_ROOM="${room}")
  if(ROOM_COLD)
    ch_cold(${name})
  endif()
endfunction()
